import type { ServiceError } from '../../base/errors.js'
import { invalidTensor, malformedBody } from '../../base/sentences.js'
import type { Upload } from '../../service/inference.js'
import { checkInput, preparePixels, type CheckedInput, oneInput } from '../../service/input-tensors.js'
import { JsonOutline } from '../../intake/json/outline.js'
import { JsonScanner } from '../../intake/json/scanner.js'
import type { BodyReader } from '../../intake/limits.js'
import { TensorData, type TensorLimits } from '../../intake/tensors/tensor-data.js'
import { binaryReader } from '../../intake/open-inference/binary-tensors.js'
import { inferRequest, type InferRequest } from './request.js'

/** An inference request and the images of its tensor. */
export interface ReadRequest {
  readonly request: Pick<InferRequest, 'id' | 'outputs'>
  readonly uploads: Upload[]
}

interface Understood {
  readonly request: InferRequest
  readonly input: CheckedInput
}

/** Reads an inference request: JSON, and behind it what the JSON says is binary data. */
export class InferReader implements BodyReader<ReadRequest> {
  private readonly outline = new JsonOutline((path) => this.readerOf(path))
  private readonly scanner = new JsonScanner(this.outline)
  private known: Understood | undefined
  private data: TensorData | undefined
  private binary: BodyReader | undefined
  private binaryBytes = 0

  /**
   * `jsonBytes` is what the JSON takes of the body, Infinity for all. `judge` throws for a request that is not to be answered,
   * before its binary data is read.
   */
  constructor (
    private readonly limits: TensorLimits, private jsonBytes: number, private readonly judge: (request: InferRequest) => void
  ) {}

  get found (): number {
    return (this.data ?? this.binary)?.found ?? 0
  }

  push (chunk: Buffer): void {
    const json = chunk.subarray(0, this.jsonBytes)
    this.jsonBytes -= json.length
    if (json.length > 0) this.scanner.push(json)
    if (json.length < chunk.length) this.pushBinary(chunk.subarray(json.length))
  }

  async end (): Promise<ReadRequest> {
    if (this.jsonBytes > 0 && this.jsonBytes !== Infinity) throw malformedBody('The body ends within its JSON')
    const { request, input } = this.understood
    const { data } = request
    if (data instanceof TensorData) return { request, uploads: await uploadsOf(data, request.input.shape, input) }
    if (this.binaryBytes !== data.binaryBytes) throw wrongSize(data.binaryBytes)
    const reader = this.binary ?? binaryReader(input, data.binaryBytes, this.limits)
    return { request, uploads: await reader.end() }
  }

  private pushBinary (chunk: Buffer): void {
    const { request: { data }, input } = this.understood
    const expected = data instanceof TensorData ? 0 : data.binaryBytes
    this.binaryBytes += chunk.length
    if (this.binaryBytes > expected) throw wrongSize(expected)
    this.binary ??= binaryReader(input, expected, this.limits)
    this.binary.push(chunk)
  }

  /** The request, once its JSON is over. */
  private get understood (): Understood {
    if (this.known === undefined) {
      this.scanner.end()
      const request = inferRequest(this.outline.value)
      this.judge(request)
      this.known = { request, input: checkInput(request.input, this.limits) }
    }
    return this.known
  }

  private readerOf ([member, index, field]: ReadonlyArray<string | number>): TensorData | undefined {
    if (member !== 'inputs' || index === undefined) return undefined
    if (typeof index !== 'number' || index > 0) throw oneInput()
    if (field !== 'data') return undefined
    this.data = new TensorData(this.limits)
    return this.data
  }
}

async function uploadsOf (data: TensorData, shape: readonly number[], input: CheckedInput): Promise<Upload[]> {
  const { name } = input
  if (data.holds !== (name === 'image' ? 'files' : 'pixels')) {
    throw invalidTensor(name === 'image' ? 'The data of "image" is texts in base64.' : 'The data of "pixels" is numbers.')
  }
  const total = shape.reduce((product, side) => product * side, 1)
  const found = data.shape
  if (found.join() !== shape.join() && (found.length !== 1 || found[0] !== total)) {
    throw invalidTensor(`The data of "${name}" has the shape [${found.join(', ')}], and neither [${shape.join(', ')}] nor [${total}].`)
  }
  return name === 'image' ? data.files : await preparePixels(data.images, input.type)
}

function wrongSize (expected: number): ServiceError {
  return invalidTensor(`The binary data behind the JSON is not of the ${expected} bytes that the request says.`)
}
