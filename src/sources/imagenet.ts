import { basename, join } from 'node:path'
import { OperatorError } from '../base/errors.js'
import { packagePath } from '../base/package-root.js'
import { isWebAddress, withoutCredentials } from '../base/web-address.js'
import { download, type DownloadProgress } from './download.js'

/** The weights that Keras publishes for ImageNet's 1000 classes. */
export const IMAGENET_URL =
  'https://storage.googleapis.com/tensorflow/keras-applications/xception/xception_weights_tf_dim_ordering_tf_kernels.h5'
export const IMAGENET_SHA256 = 'c5bf1c05b020c4177164039b854c3ef92b16b73384734647c1f0ad5cf79f6975'

/** Labels and WordNet ids in the order of the network's outputs. */
export const IMAGENET_LABELS = packagePath('models/imagenet/labels.json')

/** The published file has 92 MB; a larger build of one's own may be named. */
const MAX_BYTES = 1024 ** 3

export interface ImageNetOptions {
  readonly cacheDir: string
  readonly imagenetUrl: string
  /** Hexadecimal. */
  readonly imagenetSha256: string
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
}

/**
 * The path of the ImageNet weights, downloaded on first use.
 * Throws an OperatorError for a wrong address or hash, else see `download`.
 */
export async function fetchImageNet ({ cacheDir, imagenetUrl, imagenetSha256, onProgress }: ImageNetOptions): Promise<string> {
  if (!isWebAddress(imagenetUrl)) {
    const problem = `IMAGENET_URL=${withoutCredentials(imagenetUrl)} is not an address`
    throw new OperatorError(`${problem}: it takes one that starts with http:// or https://, and in a password %25 stands for %.`)
  }
  if (!/^[0-9a-f]{64}$/i.test(imagenetSha256)) {
    throw new OperatorError(`IMAGENET_SHA256=${imagenetSha256} is not a SHA-256: it takes 64 hexadecimal digits.`)
  }
  const path = join(cacheDir, 'imagenet', basename(new URL(imagenetUrl).pathname) || 'weights.h5')
  await download({ url: imagenetUrl, sha256: imagenetSha256.toLowerCase(), path, maxBytes: MAX_BYTES, onProgress })
  return path
}
