import { open, type FileHandle } from 'node:fs/promises'
import { OperatorError } from '../../base/errors.js'
import { reading } from '../../base/existing.js'
import { fill, readRange } from '../files/bytes.js'
import { MAX_TOTAL_BYTES } from '../files/limits.js'
import { openZip } from '../files/zip.js'
import { EndOfBytes } from './cursor.js'
import { unpickle } from './unpickle.js'
import { STORAGE_BYTES, type Dictionary, type NumberStorage, type Value } from './values.js'

/*
 * The two containers of torch.save: a zip archive with an entry for each storage, and, before PyTorch 1.6, five pickles in a row with the
 * storages behind them.
 */

/** Of the weights of a full network the pickle has some 100 KB, with an optimizer's state some 300. */
const MAX_PICKLE_BYTES = 64 * 2 ** 20
const FIRST_PICKLE_BYTES = 2 ** 20

/** What a pickle in the older container begins with (torch.serialization.MAGIC_NUMBER), and the version of what follows. */
const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn
const STREAM_PROTOCOL = 1001

/** Twice what all weights together may have as float32, since they may be kept as float64. */
const MAX_STORAGE_BYTES = 2 * MAX_TOTAL_BYTES

const COUNT_BYTES = 8

/** A file of torch.save's, the storages of which are read when they are asked for. */
export interface TorchFile {
  readonly value: Value
  /** Little-endian numbers of a storage, `count` from `first` on; owned by the caller. */
  read (storage: NumberStorage, first: number, count: number): Promise<Uint8Array<ArrayBuffer>>
  close (): Promise<void>
}

/** Opens what `torch.save` wrote since PyTorch 1.6. Throws an OperatorError that says what is wrong with it. */
export async function openTorchZip (path: string): Promise<TorchFile> {
  const zip = await openZip(path)
  try {
    const pickle = [...zip.entries.keys()].find((name) => /(?:^|\/)data\.pkl$/.test(name)) ?? 'data.pkl'
    const root = pickle.slice(0, -'data.pkl'.length)
    if (zip.entries.has(`${root}byteorder`)) demandLittleEndian((await zip.read(`${root}byteorder`, 16)).toString() === 'little')
    const { value } = unpickle(await zip.read(pickle, MAX_PICKLE_BYTES))
    /** Storages that many tensors share are read once, as long as these follow each other. */
    let last: { readonly key: string, readonly bytes: Buffer } | undefined
    return {
      value,
      read: async ({ key, format, range: { offset, total } }, first, count) => {
        const size = STORAGE_BYTES[format]
        if (last?.key !== key) last = { key, bytes: await zip.read(`${root}data/${key}`, Math.min(total * size, MAX_STORAGE_BYTES)) }
        const { bytes } = last
        if (bytes.length !== total * size) throw new OperatorError(`its storage ${key} has ${bytes.length} bytes for ${total} numbers`)
        return Uint8Array.from(bytes.subarray((offset + first) * size, (offset + first + count) * size))
      },
      close: async () => { zip.close() }
    }
  } catch (error) {
    zip.close()
    throw error
  }
}

/** Opens what `torch.save` wrote before PyTorch 1.6. Throws an OperatorError that says what is wrong with it. */
export async function openTorchStream (path: string): Promise<TorchFile> {
  const file = await reading(path, () => open(path))
  try {
    const { size } = await file.stat()
    const { value, storages, keys, end } = await readPickles(file, size)
    const places = await placesOf(file, size, keys.map((key) => {
      const storage = typeof key === 'string' ? storages.get(key) : undefined
      if (storage === undefined) throw new OperatorError(`it has a storage ${String(key)} that nothing refers to`)
      return storage
    }), end)
    return {
      value,
      read: async ({ key, format, range: { offset } }, first, count) => {
        const place = places.get(key)
        if (place === undefined) throw new OperatorError(`its storage ${key} is not in the file`)
        const bytes = STORAGE_BYTES[format]
        return await readRange(file, place + (offset + first) * bytes, count * bytes)
      },
      close: () => file.close()
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

interface Pickles {
  readonly value: Value
  readonly storages: ReadonlyMap<string, NumberStorage>
  /** Of the storages, in their order in the file. */
  readonly keys: readonly Value[]
  readonly end: number
}

/** What the pickles take is not said anywhere, so they are tried with ever more of the file. */
async function readPickles (file: FileHandle, fileBytes: number): Promise<Pickles> {
  for (let length = FIRST_PICKLE_BYTES; ; length *= 4) {
    const bytes = Buffer.alloc(Math.min(length, fileBytes, MAX_PICKLE_BYTES))
    await fill(file, 0, bytes)
    try {
      return picklesOf(bytes)
    } catch (error) {
      if (!(error instanceof EndOfBytes) || bytes.length === fileBytes) throw error
      if (bytes.length === MAX_PICKLE_BYTES) throw new OperatorError(`its pickles have more than ${MAX_PICKLE_BYTES} bytes`)
    }
  }
}

function picklesOf (bytes: Buffer): Pickles {
  const magic = unpickle(bytes)
  if (magic.value !== MAGIC_NUMBER) throw new OperatorError('it is a pickle, and none that torch.save wrote')
  const protocol = unpickle(bytes, magic.end)
  if (protocol.value !== STREAM_PROTOCOL) {
    throw new OperatorError(`it is of the protocol ${String(protocol.value)}, and ${STREAM_PROTOCOL} is read`)
  }
  const system = unpickle(bytes, protocol.end)
  if (system.value instanceof Map) demandLittleEndian((system.value as Dictionary).get('little_endian') !== false)
  const content = unpickle(bytes, system.end)
  const keys = unpickle(bytes, content.end)
  if (!Array.isArray(keys.value)) throw new OperatorError('its storages are not listed')
  return { value: content.value, storages: content.storages, keys: keys.value, end: keys.end }
}

/** Where the numbers of each storage begin: before each, their count stands once more. */
async function placesOf (
  file: FileHandle, fileBytes: number, storages: readonly NumberStorage[], start: number
): Promise<Map<string, number>> {
  const places = new Map<string, number>()
  let position = start
  for (const { key, format, range: { total } } of storages) {
    const count = Buffer.from(await readRange(file, position, COUNT_BYTES)).readBigInt64LE()
    if (count !== BigInt(total)) throw new OperatorError(`its storage ${key} has ${count} numbers, and its pickle says ${total}`)
    places.set(key, position + COUNT_BYTES)
    position += COUNT_BYTES + total * STORAGE_BYTES[format]
    if (position > fileBytes) throw new OperatorError(`it ends ${position - fileBytes} bytes early, in its storage ${key}`)
  }
  return places
}

function demandLittleEndian (isLittle: boolean): void {
  if (!isLittle) throw new OperatorError('it was written on a machine that puts the highest byte first, which is not read')
}
