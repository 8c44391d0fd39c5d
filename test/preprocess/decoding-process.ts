import { readFileSync } from 'node:fs'
import { configureDecoding } from '../../src/preprocess/index.js'
import { gradient, toPixels, toSharp } from './pictures.js'

/* Decodes the file that it is given, and prints how many bytes of memory that took beyond those of a small picture. */

const kernel = process.argv[3] === 'bilinear' ? 'bilinear' : 'linear'
const INPUT = { size: 299, channels: 3, fit: 'crop', cropFraction: 0.875, kernel } as const
const LIMITS = { maxImageBytes: 2 ** 30, maxImagePixels: 2 ** 30 }

configureDecoding({ threads: 1 })
await toPixels(await toSharp(gradient(400, 300)).jpeg().toBuffer(), INPUT, LIMITS)
const upload = readFileSync(process.argv[2] ?? '')
const before = peakBytes()
await toPixels(upload, INPUT, LIMITS)
process.stdout.write(String(peakBytes() - before))

/** Peak of resident memory; the figure that getrusage() has may be the parent's. */
function peakBytes (): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
}
