import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('../../../test/support/pillow.py', import.meta.url))
/** Older ones come with another JPEG decoder, whose pixels differ. */
const HAS_PILLOW = 'import PIL; assert int(PIL.__version__.split(".")[0]) >= 12'

/** The photos of a tar archive as Pillow 12 or later decodes and resizes them to 299x299; undefined where it is not installed. */
export function pillowPixels (archive: string): Buffer | undefined {
  try {
    execFileSync('python3', ['-c', HAS_PILLOW], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return execFileSync('python3', [SCRIPT, archive], { maxBuffer: 1024 ** 3 })
}
