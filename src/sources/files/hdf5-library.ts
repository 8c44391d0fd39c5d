import { statSync } from 'node:fs'
import { OperatorError } from '../../base/errors.js'
import { sizeOf } from '../../model/weights.js'
import { FLOAT_BYTES, toFloat32, type FloatFormat } from './floats.js'

type Library = typeof import('h5wasm/node')
type Module = Awaited<Library['ready']>
type Metadata = ReturnType<Module['get_dataset_metadata']>

/** For the HDF5 library's own memory. It holds one weight at a time. */
const MAX_HEAP_BYTES = 768 * 2 ** 20
const WASM_PAGE_BYTES = 65_536
/** What Emscripten calls ENOENT. */
const NO_SUCH_FILE = 44
/** HDF5's classes of types, in the order of their numbers. */
const TYPE_CLASSES = ['integer', 'float', 'time', 'string', 'bitfield', 'opaque', 'compound', 'reference', 'enumeration', 'list', 'array']
const DAMAGED = 'its HDF5 structure is damaged or cut off'

/** A dataset as it is described, before its values are read. */
export interface Dataset {
  readonly shape: readonly number[]
  /** How it stores floats; undefined for anything but floats of 32 or 16 bits. */
  readonly format: FloatFormat | undefined
  /** Type and size for messages, `integer of 8 bytes`. */
  readonly type: string
  /** Kept in chunks, which may be compressed. */
  readonly chunked: boolean
}

/**
 * One open HDF5 file. Wraps the C library's WebAssembly build, which runs on through its errors: here whatever it complains
 * of is an OperatorError. Must run in a process of its own, for what it changes in the globals and for the memory it keeps.
 */
export class Hdf5File {
  private constructor (
    private readonly module: Module,
    private readonly library: Library,
    private readonly id: bigint,
    private readonly complaints: Complaints,
    readonly bytes: number
  ) {}

  /** Opens the file for reading; the library can open no other one until it is closed (HDF5 files may link to others), nor write. */
  static async open (path: string): Promise<Hdf5File> {
    const { library, module, confinement, complaints } = await (loaded ??= load())
    confinement.path = path
    const id = guarded(complaints, () => module.open(path, module.H5F_ACC_RDONLY, false, -1, -1))
    return new Hdf5File(module, library, id, complaints, statSync(path).size)
  }

  close (): void {
    this.guarded(() => this.module.close_file(this.id))
  }

  /** Names of what a group holds, in the file's order (creation where it is tracked, else alphabetical). */
  names (group: string): string[] {
    return this.guarded(() => this.module.get_names(this.id, group, false))
  }

  kind (path: string): 'group' | 'dataset' | undefined {
    const type = this.guarded(() => this.module.get_type(this.id, path))
    return type === this.module.H5G_GROUP ? 'group' : type === this.module.H5G_DATASET ? 'dataset' : undefined
  }

  attributes (path: string): ReadonlySet<string> {
    return new Set(this.guarded(() => this.module.get_attribute_names(this.id, path)))
  }

  /** The texts of an attribute, one or a list of them. */
  texts (path: string, name: string): string[] {
    const value = this.guarded(() => {
      const { total_size: count, size } = this.module.get_attribute_metadata(this.id, path, name)
      if (count === 0) return []
      if (count * size > this.bytes) throw new OperatorError(DAMAGED)
      return new this.library.Attribute(this.id, path, name).value
    })
    const texts = Array.isArray(value) ? value : [value]
    if (!texts.every((text) => typeof text === 'string')) throw new OperatorError(`its attribute ${name} is not text`)
    return texts
  }

  describe (path: string): Dataset {
    const metadata = this.guarded(() => this.module.get_dataset_metadata(this.id, path))
    if (metadata.virtual_sources !== undefined) throw new OperatorError(`its ${path} lies in other files`)
    return {
      shape: metadata.shape ?? [0],
      format: this.formatOf(path, metadata),
      type: `${TYPE_CLASSES[metadata.type] ?? 'unknown'} of ${metadata.size} bytes`,
      chunked: metadata.chunks !== null
    }
  }

  /** All values of a dataset of floats. */
  read (path: string): Float32Array {
    const { shape, format, type } = this.describe(path)
    if (format === undefined) throw new OperatorError(`its ${path} is ${type}, and only floats of 32 or 16 bits are read`)
    const length = sizeOf(shape) * FLOAT_BYTES[format]
    return toFloat32(this.guarded(() => {
      const address = this.module._malloc(length)
      if (address === 0) throw new Error(`no memory for ${length} bytes`)
      try {
        this.module.get_dataset_data(this.id, path, null, null, null, BigInt(address))
        return new Uint8Array(this.module.HEAPU8.subarray(address, address + length))
      } finally {
        this.module._free(address)
      }
    }), format)
  }

  private formatOf (path: string, { type, size }: Metadata): FloatFormat | undefined {
    const { H5T_FLOAT: float } = this.module.H5T_class_t
    // HDF5 has no bfloat16: Keras writes its bytes and an attribute that says so.
    if (size === 2 && this.attributes(path).has('dtype') && this.texts(path, 'dtype')[0] === 'bfloat16') return 'bfloat16'
    if (type !== float.value) return undefined
    return size === 4 ? 'float32' : size === 2 ? 'float16' : undefined
  }

  private guarded<T> (step: () => T): T {
    return guarded(this.complaints, step)
  }
}

interface Complaints { count: number }

/** What the library may open. */
interface Confinement { path: string | undefined }

interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow: (pages: number) => number
}

/** The library's exceptions say nothing to an operator; and what it prints may come without one. */
function guarded<T> (complaints: Complaints, step: () => T): T {
  let result: T
  try {
    result = step()
  } catch (error) {
    throw new OperatorError(DAMAGED, { cause: error })
  }
  if (complaints.count > 0) throw new OperatorError(DAMAGED)
  return result
}

interface Loaded {
  readonly library: Library
  readonly module: Module
  readonly confinement: Confinement
  readonly complaints: Complaints
}

let loaded: Promise<Loaded> | undefined

async function load (): Promise<Loaded> {
  const complaints = { count: 0 }
  const confinement = { path: undefined }
  limitHeap()
  // When it gives up, it says so there, and takes hold of it when it is loaded.
  console.error = () => { complaints.count += 1 }
  const library = await import('h5wasm/node')
  const module = await library.ready
  confine(module, confinement, complaints)
  return { library, module, confinement, complaints }
}

/** Lets the library open only what it may, and counts the lines that it prints instead of printing them. */
function confine ({ FS: files }: Module, confinement: Confinement, complaints: Complaints): void {
  const open = files.open
  files.open = (wanted, ...rest) => {
    if (wanted !== confinement.path) {
      throw Object.assign(new Error(`${wanted} is not to be opened`), { name: 'ErrnoError', errno: NO_SUCH_FILE })
    }
    return open(wanted, ...rest)
  }
  files.write = (_stream, _buffer, _offset, length) => {
    complaints.count += 1
    return length
  }
}

/** The library is built to take up to 2 GiB, and a hostile file could make it do so. */
function limitHeap (): void {
  // Node's own types leave WebAssembly out.
  const { prototype } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: WasmMemory } } }).WebAssembly.Memory
  const grow = prototype.grow
  prototype.grow = function (this: WasmMemory, pages) {
    if (this.buffer.byteLength + pages * WASM_PAGE_BYTES > MAX_HEAP_BYTES) throw new RangeError('the limit of memory is reached')
    return grow.call(this, pages)
  }
}
