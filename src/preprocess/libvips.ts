import sharp, { type SharpOptions } from 'sharp'

/**
 * Only these loaders can be reached, whatever an upload pretends to be. SVG, PDF and the loaders of files stay out:
 * they open further files or run code far larger than a decoder. Blocking is by class, so a loader that a later
 * libvips brings is blocked as well.
 */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff']

/**
 * Above 100 MB of pixels libvips would unpack what it cannot read row by row, such as WebP, into a temporary file. Pictures stay in
 * memory, and `decodingBytes` counts them. libvips reads this when the first picture is opened.
 */
process.env.VIPS_DISC_THRESHOLD = '1024g'

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: LOADERS.map(loader => `VipsForeignLoad${loader}Buffer`) })

/**
 * Sets how libvips works in this process; call it once, before the first image.
 *
 * `threads` is the number of threads that libvips uses for one image, beside the thread of Node's pool that it runs on.
 * One is right for a server: images are decoded in parallel anyway, and what decoding takes is missing in inference.
 */
export function configureDecoding ({ threads }: { threads: number }): void {
  sharp.concurrency(threads)
  // The cache serves repeated operations on the same file; uploads never repeat, it would only keep them in memory.
  sharp.cache(false)
}

/** A TIFF may have masks and spot colours beside its picture; sharp's own limit is five. */
export const MAX_CHANNELS = 16

/** How every upload is opened. */
export const OPEN: SharpOptions = {
  // A file cut short is an error; one that is only odd, which browsers show, is decoded.
  failOn: 'error',
  // Pixels are counted from the header, so that the error is the service's own.
  limitInputPixels: false,
  limitInputChannels: MAX_CHANNELS,
  // Keeps the limits of the decoders themselves, on chunk sizes, scans and nesting.
  unlimited: false
}

export { sharp }
