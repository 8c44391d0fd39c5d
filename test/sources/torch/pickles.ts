import { Buffer } from 'node:buffer'

/* Pickles by hand, instruction by instruction, as Python writes them (protocol 2), and as only an attacker does. */

export const bytes = (...parts: Array<number | string | Uint8Array>): Buffer => Buffer.concat(parts.map((part) => (
  typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)
)))

export const uint32 = (value: number): Buffer => {
  const number = Buffer.alloc(4)
  number.writeUInt32LE(value >>> 0)
  return number
}

export const pickle = (...parts: Array<number | string | Uint8Array>): Buffer => bytes('\x80\x02', ...parts, '.')
export const text = (value: string): Buffer => bytes('X', uint32(Buffer.byteLength(value)), value)
export const integer = (value: number): Buffer => bytes('J', uint32(value))
export const global = (module: string, name: string): Buffer => bytes('c', module, '\n', name, '\n')
export const tuple = (...items: Uint8Array[]): Buffer => bytes('(', ...items, 't')
export const call = (callee: Uint8Array, ...parameters: Uint8Array[]): Buffer => bytes(callee, tuple(...parameters), 'R')
export const dictionary = (items: Readonly<Record<string, Uint8Array>>): Buffer => (
  bytes('}(', ...Object.entries(items).flatMap(([name, value]) => [text(name), value]), 'u')
)

/** What a storage is known by; `type` is a class of PyTorch's. */
export const storage = (key: string, count: number, type = 'FloatStorage'): Buffer => (
  bytes(tuple(text('storage'), global('torch', type), text(key), text('cpu'), integer(count)), 'Q')
)

export const tensor = (from: Uint8Array, shape: readonly number[], strides: readonly number[], offset = 0): Buffer => call(
  global('torch._utils', '_rebuild_tensor_v2'), from, integer(offset), tuple(...shape.map(integer)), tuple(...strides.map(integer)),
  bytes(0x89), call(global('collections', 'OrderedDict'))
)
