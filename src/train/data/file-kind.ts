import { open } from 'node:fs/promises'

/** What people pack pictures into, by the first bytes; hexadecimal. */
const SIGNATURES: ReadonlyArray<readonly [hex: string, kind: string]> = [
  ['504b0304', 'zip'],
  ['504b0506', 'zip'],
  ['504b0708', 'zip'],
  ['526172211a07', 'a RAR archive'],
  ['377abcaf271c', 'a 7z archive'],
  ['425a68', 'compressed with bzip2'],
  ['fd377a585a00', 'compressed with xz'],
  ['28b52ffd', 'compressed with Zstandard'],
  ['894844460d0a1a0a', 'an HDF5 file']
]
const LONGEST = 8

/** `zip`, or in words what else a file is that is no tar archive; undefined for any other. */
export async function kindOfFile (path: string): Promise<string | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0)
    const start = buffer.toString('hex', 0, bytesRead)
    return SIGNATURES.find(([hex]) => start.startsWith(hex))?.[1]
  } finally {
    await file.close()
  }
}
