/** Beginnings of files that people may take for Keras's, and what to do with each. */

/** The first bytes of a file and its last ones. */
export interface Edges {
  readonly head: Buffer
  readonly tail: Buffer
}

interface Foreign {
  readonly matches: (edges: Edges) => boolean
  /** Completes the sentence that begins with the path. */
  readonly refusal: string
}

const EXPORT_KERAS = "export it from Keras with model.save('model.keras')"
const TORCH_SCRIPT = 'is a TorchScript program: save the weights of the model that it was made from, with ' +
  "torch.save(model.state_dict(), 'model.pth')"

const starts = (...bytes: number[]) => ({ head }: Edges): boolean => head.subarray(0, bytes.length).equals(Buffer.from(bytes))
const hasText = (text: string, position = 0) => ({ head }: Edges): boolean =>
  head.toString('latin1', position, position + text.length) === text
const isCompressed = [
  starts(0x1f, 0x8b), hasText('BZh'), starts(0xfd, 0x37, 0x7a, 0x58, 0x5a), starts(0x28, 0xb5, 0x2f, 0xfd),
  hasText('7z\xbc\xaf'), hasText('ustar', 257)
]

const FOREIGN: readonly Foreign[] = [
  { matches: hasText('TFL3', 4), refusal: `is a TensorFlow Lite model, whose weights were converted for devices: ${EXPORT_KERAS}` },
  { matches: isOnnx, refusal: `is an ONNX model: if it comes from Keras, ${EXPORT_KERAS}` },
  { matches: starts(0x08, 0x01, 0x12), refusal: 'is the graph of a SavedModel: name its folder, in which it is called saved_model.pb' },
  { matches: isFrozenGraph, refusal: `is a frozen TensorFlow graph without Keras's layers: ${EXPORT_KERAS}` },
  {
    matches: ({ tail }) => tail.equals(Buffer.from('57fb808b247547db', 'hex')),
    refusal: `is the index of a TensorFlow checkpoint: load it in Keras and ${EXPORT_KERAS}`
  },
  {
    matches: ({ head }) => head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5,
    refusal: "is a Python pickle, and none that torch.save wrote: save the weights with torch.save(model.state_dict(), 'model.pth')"
  },
  {
    matches: (edges) => isCompressed.some((matches) => matches(edges)),
    refusal: 'is a compressed file or a tar archive: unpack it, and name the model inside'
  },
  { matches: hasText('version https://git-lfs'), refusal: 'is a Git LFS pointer, not the file itself: fetch it with git lfs pull' },
  {
    matches: ({ head }) => /^\s*<(!doctype html|html)/i.test(head.toString('latin1')),
    refusal: 'is a web page, not a model: download the file itself'
  },
  {
    matches: ({ head }) => /^(backend|class_name|config|keras_version):/m.test(head.toString('latin1')),
    refusal: `is a model's configuration in YAML, without weights: ${EXPORT_KERAS}`
  }
]

/** What to do instead, if the file is of another known kind: the rest of a sentence that begins with its path. */
export function refusalOf (edges: Edges): string | undefined {
  return FOREIGN.find(({ matches }) => matches(edges))?.refusal
}

/** The same for JSON. */
export function refusalOfJson (json: Readonly<Record<string, unknown>>): string {
  const topology = json.modelTopology as { node?: unknown } | null | undefined
  if (json.format === 'graph-model' || topology?.node !== undefined) {
    return "is a TensorFlow.js graph model, without Keras's layers: export a layers model, " +
      'with tensorflowjs_converter --output_format=tfjs_layers_model or model.save'
  }
  if (json.class_name !== undefined && json.config !== undefined) {
    return "is a model's configuration without its weights: name the file of weights beside it, which is read with it"
  }
  if (json.weight_map !== undefined) return `is the index of weights in several files: save them as one, or ${EXPORT_KERAS}`
  return "is JSON and no model: expected TensorFlow.js's model.json with modelTopology and weightsManifest"
}

/** The same for a zip file, by the names of its entries. */
export function refusalOfZip (names: readonly string[]): string {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name))
  if (has(/(^|\/)data\.pkl$/)) return TORCH_SCRIPT
  if (has(/(^|\/)saved_model\.pb$/)) return 'holds a SavedModel: unpack it, and name its folder'
  if (has(/(^|\/)model\.weights\.json$/)) {
    return 'is a .keras archive whose weights are in several files: save it as one, without max_shard_size'
  }
  return 'is a zip archive without config.json and model.weights.h5, so no .keras archive: if a model is inside, unpack it'
}

/** The same for a folder. */
export function refusalOfFolder (names: readonly string[]): string {
  if (names.length === 0) return 'is an empty folder: name a model file, or a folder with model.json'
  if (names.includes('checkpoint') || names.some((name) => name.endsWith('.index'))) {
    return `is the folder of a TensorFlow checkpoint: load it in Keras and ${EXPORT_KERAS}`
  }
  return 'is a folder without model.json: name the model file itself'
}

/** A protobuf ModelProto: ir_version (field 1, 3 or more), then one of its other fields (onnx.proto). */
function isOnnx ({ head }: Edges): boolean {
  const [tag, irVersion = 0, next = 0] = head
  return tag === 0x08 && irVersion >= 3 && irVersion <= 32 && [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].includes(next)
}

/** A protobuf GraphDef: nodes (field 1, of up to 16 KB), each beginning with its name (field 1); their ops stand soon after. */
function isFrozenGraph ({ head }: Edges): boolean {
  return head[0] === 0x0a && (head[2] === 0x0a || head[3] === 0x0a) &&
    /\b(Placeholder|Const|VarHandleOp)\b/.test(head.toString('latin1', 0, 512))
}
