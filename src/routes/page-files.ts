import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { packagePath } from '../base/package-root.js'

/** One file of the page, as it is sent. */
export interface PageFile {
  readonly bytes: Buffer
  readonly type: string
  /** Strong: a hash of the bytes, in quotes. */
  readonly etag: string
}

/** What is sent as it was written, and what was compiled. */
const FOLDERS = ['page', 'dist/page']
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml'
}

/** Reads what a browser needs for the page, by file name. */
export async function readPageFiles (): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>()
  for (const folder of FOLDERS.map(packagePath)) {
    for (const name of await readdir(folder)) {
      const type = TYPES[extname(name)]
      if (type === undefined) continue
      const bytes = await readFile(join(folder, name))
      files.set(name, { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` })
    }
  }
  return files
}
