import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { blameOf } from '../../src/preprocess/decode-failure.js'

/* What libvips 8.18 and the decoders in sharp 0.35 really said. */

const SAID = {
  system: [
    'glib: Error creating thread: Resource temporarily unavailable',
    'source: bad seek to 1024\nsource: bad seek to 304\nglib: Error creating thread: Resource temporarily unavailable',
    'Input buffer has corrupt header: glib: Error creating thread: Resource temporarily unavailable',
    'VipsImage: unable to write to "/tmp/vips-0-18699214.v"\nsystem error: No such file or directory',
    'VipsJpeg: Insufficient memory (case 4)',
    'vips_tracked: out of memory --- size == 512MB',
    'heif: Memory allocation error: Unspecified (6.0)',
    'VipsOperation: class "heifload_buffer" not found',
    // What is said of a damaged picture that was decoded at the same time.
    'VipsJpeg: premature end of JPEG image\nglib: Error creating thread: Resource temporarily unavailable'
  ],
  upload: [
    'Input buffer has corrupt header: VipsJpeg: premature end of JPEG image',
    'VipsJpeg: Corrupt JPEG data: bad Huffman code',
    'vipspng: libpng read error',
    'webp2vips: unable to read pixels',
    'Input buffer has corrupt header: webp: unable to parse image',
    'gifload_buffer: Invalid frame data',
    'tiff2vips: LZWDecode: Corrupted LZW table at scanline 3',
    'tiff2vips: Memory allocation of 4294967295 bytes is beyond the 52428800 byte limit defined in open options',
    'source: bad seek to 512\nheif: Invalid input: Unspecified: Corrupt frame detected (2.0)',
    'heif: Memory allocation error: Security limit exceeded: iloc box contains 513 items, which exceeds the security limit (6.1000)',
    'VipsIcc: Read from memory error',
    'linear: vector must have 1 or 4 elements',
    "vips_colourspace: no known route from 'multiband' to 'srgb'"
  ],
  unclear: ['Unknown error', 'Input buffer contains unsupported image format', '']
} as const

suite('whose fault it is', () => {
  for (const [blame, messages] of Object.entries(SAID)) {
    for (const message of messages) test(`${blame}: ${JSON.stringify(message)}`, () => { assert.equal(blameOf(message), blame) })
  }
})
