import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { DecodingFigure } from './decoding-process.js'
import type { Table } from '../../verify/table.js'

export type { DecodingFigure }

const CHILD = fileURLToPath(new URL('./decoding-process.js', import.meta.url))

/** What decoding takes in a process of its own, one image at a time: of the usual photos, then of a large one. */
export async function measureDecoding (model: string): Promise<readonly DecodingFigure[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, model])
  return JSON.parse(stdout) as readonly DecodingFigure[]
}

export function decodingTable (figures: readonly DecodingFigure[]): Table {
  return {
    header: ['JPEG', 'kB', 'CPU ms an image', 'ms an image'],
    rows: figures.map(({ width, height, bytes, cpuMs, wallMs }) => [
      `${width}x${height}`, (bytes / 1000).toFixed(0), cpuMs.toFixed(2), wallMs.toFixed(2)
    ])
  }
}
