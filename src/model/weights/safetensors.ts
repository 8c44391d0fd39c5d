import { open, type FileHandle } from 'node:fs/promises'
import { Type, type Static } from 'typebox'
import { parse } from '../../schema.js'
import { WeightsError, sizeOf, type Tensor, type Weights } from './tensor.js'

const HEADER_LENGTH_BYTES = 8
/** The format's own limit; a longer header is no header. */
const MAX_HEADER_BYTES = 100_000_000

const Offset = Type.Integer({ minimum: 0 })
const Entry = Type.Object({ dtype: Type.String(), shape: Type.Array(Offset), data_offsets: Type.Tuple([Offset, Offset]) })
const Header = Type.Record(Type.String(), Entry)

/**
 * Reads a safetensors file of float32 tensors (https://github.com/huggingface/safetensors).
 * The data is read once, into one buffer that all tensors are views of.
 * Throws a WeightsError if the file is not whole, not safetensors or not float32.
 */
export async function readSafetensors (path: string): Promise<Weights> {
  const file = await open(path)
  try {
    const fileBytes = (await file.stat()).size
    const headerBytes = fileBytes < HEADER_LENGTH_BYTES ? 0n : new DataView((await read(file, 0, HEADER_LENGTH_BYTES)).buffer).getBigUint64(0, true)
    if (headerBytes < 2n || headerBytes > BigInt(Math.min(MAX_HEADER_BYTES, fileBytes - HEADER_LENGTH_BYTES))) {
      throw new Error(`its header does not fit its ${fileBytes} bytes`)
    }
    const dataStart = HEADER_LENGTH_BYTES + Number(headerBytes)
    const header = parseHeader(await read(file, HEADER_LENGTH_BYTES, Number(headerBytes)))
    const data = await read(file, dataStart, fileBytes - dataStart)
    return new Map(Object.entries(header).map(([name, entry]) => [name, toTensor(name, entry, data)]))
  } catch (error) {
    throw new WeightsError(`${path} is not a whole safetensors file: ${(error as Error).message}`)
  } finally {
    await file.close()
  }
}

async function read (file: FileHandle, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  if (bytesRead !== length) throw new Error('it ended while it was read')
  return bytes
}

function parseHeader (bytes: Uint8Array): Static<typeof Header> {
  const tensors = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Record<string, unknown> | null
  delete tensors?.__metadata__
  return parse(Header, tensors, 'header')
}

function toTensor (name: string, { dtype, shape, data_offsets: [start, end] }: Static<typeof Entry>, data: Uint8Array<ArrayBuffer>): Tensor {
  if (dtype !== 'F32') throw new Error(`${name} is ${dtype}, and only F32 is read`)
  const size = sizeOf(shape)
  if (end > data.byteLength || end - start !== size * Float32Array.BYTES_PER_ELEMENT) {
    throw new Error(`${name} claims bytes ${start} to ${end} of ${data.byteLength}, which do not fit its shape [${shape.join(', ')}]`)
  }
  // A view needs an address that is a multiple of 4; the format does not promise one.
  const aligned = start % Float32Array.BYTES_PER_ELEMENT === 0
  return { shape, data: aligned ? new Float32Array(data.buffer, start, size) : new Float32Array(data.buffer.slice(start, end)) }
}
