import type { ImageFormat } from './sniff.js'

/** Whose fault it is that a picture was not decoded. */
export type Blame = 'upload' | 'system' | 'unclear'

/**
 * What libvips, GLib and the decoders say of a machine that lacks something: threads, memory, descriptors, a place to write to, or
 * of a libvips that lacks a decoder.
 */
const OF_THE_SYSTEM: readonly RegExp[] = [
  /(?:^|: )glib: /i,
  /(?:^|: )(?:system|unix|windows) error: /i,
  /creat(?:e|ing) (?:a )?thread/i,
  /out of memory|(?:insufficient|not enough) memory|can(?:no|')t allocate memory|memory allocation/i,
  /failed to allocate|allocation failed|bad_alloc/i,
  /unable to (?:write to|open|mmap)\b|temporary file/i,
  /no space left|read-only file system|too many open files|resource temporarily unavailable|permission denied|input\/output error/i,
  /class "[^"]*" not found|operation is blocked|unresolved symbol|cannot open shared object|unsupported (?:codec|feature): .*plugin/i
]

/** A file that claims more than the decoders' own limits allow. */
const BEYOND_A_LIMIT = /security limit|exceeds|beyond/i

/** Which part of sharp or libvips a line is of: those that look at nothing but the picture. */
const OF_THE_UPLOAD = new RegExp('^(?:' + [
  'Input buffer has corrupt header', 'Input Buffer is empty', 'Input image exceeds',
  'Vips(?:Jpeg|Icc|ForeignLoad\\w*): ', 'vips_?png: ', 'webp2?vips: ', 'webp: ', '(?:jpeg|png|webp|gif|heif|tiff)(?:load|2vips)\\w*: ',
  'heif: ', 'source: ', 'extract_area: ', 'linear: ', 'vips_colourspace: ', 'icc_\\w+: ', 'exif: '
].join('|') + ')')

/**
 * Sorts what a decoder said. The lines may be of several pictures, since libvips has one list for all that fail at the same time: one
 * that tells of the system counts before all others.
 */
export function blameOf (message: string): Blame {
  const lines = message.split('\n')
  if (lines.some((line) => !BEYOND_A_LIMIT.test(line) && OF_THE_SYSTEM.some((said) => said.test(line)))) return 'system'
  return lines.some((line) => OF_THE_UPLOAD.test(line)) ? 'upload' : 'unclear'
}

/** A picture that was not decoded for what is not known to be its own fault. */
export class DecodeFailure extends Error {
  override readonly name = 'DecodeFailure'

  constructor (readonly format: ImageFormat, readonly blame: Exclude<Blame, 'upload'>, cause: unknown) {
    super(reasonOf(cause), { cause })
  }
}

/** In one line, and without what a decoder tried on its way. */
function reasonOf (cause: unknown): string {
  const lines = (cause as Error).message.split('\n').filter((line) => line !== '' && !line.startsWith('source: '))
  return lines.join('; ')
}
