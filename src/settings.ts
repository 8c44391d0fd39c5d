import proxyAddr from '@fastify/proxy-addr'
import { defaultCacheFolder } from './base/cache-folder.js'
import { usableCpus } from './base/cpus.js'
import { LOG_LEVELS } from './base/log-levels.js'
import { usableMemory } from './base/memory.js'
import type { ChoiceSetting, Setting } from './base/setting.js'
import { threadPoolSize } from './base/thread-pool.js'
import { HIDDEN_ACTIVATIONS, POOLINGS, type HiddenActivation, type PoolingName } from './model/head-settings.js'
import { IMAGENET_SHA256, IMAGENET_URL } from './sources/imagenet.js'

/** `https://example.org` or `http://127.0.0.1:3000`: what a browser sends as a page's origin, in lower case and without a path. */
const ORIGIN = /https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?/.source
const ORIGINS = new RegExp(`^(?:\\*|${ORIGIN}(?: *, *${ORIGIN})*)$`)

/** More would take more from inference than decoding can use, unless the machine has the cores for both. */
const DECODES_BY_DEFAULT = 3

const choice = <T extends string>(setting: Omit<ChoiceSetting<T>, 'type'>): ChoiceSetting<T> => ({ type: 'choice', ...setting })

/** Least MAX_DECODE_BYTES: a photo of twelve megapixels as a plain JPEG or PNG. */
const LEAST_DECODE_BYTES = 64 * 1024 * 1024

const LISTENS = 'Address to listen on; :: is all of both families (IPv4 alone where the system has no IPv6), 0.0.0.0 all of IPv4.'

/** Every setting there is: `--help`, the README's table and the reading of the environment all come from here. */
export const SETTINGS = {
  host: { env: 'HOST', type: 'string', default: '::', help: LISTENS },
  port: { env: 'PORT', type: 'integer', default: 8080, min: 0, max: 65535, help: 'Port to listen on; 0 takes a free one.' },
  adminHost: {
    env: 'ADMIN_HOST',
    type: 'string',
    default: '127.0.0.1',
    help: 'Address to listen on for metrics and administration, which ask for no key; :: is all of both families, as with HOST.'
  },
  adminPort: {
    env: 'ADMIN_PORT',
    type: 'integerOrOff',
    default: 'off',
    min: 0,
    max: 65535,
    help: 'Port for metrics and administration, besides /livez and /readyz; /metrics then leaves PORT. 0 takes a free one.'
  },
  grpcPort: {
    env: 'GRPC_PORT',
    type: 'integerOrOff',
    default: 'off',
    min: 0,
    max: 65535,
    help: 'Port on HOST for the Open Inference Protocol over gRPC. 0 takes a free one.'
  },
  model: {
    env: 'MODEL',
    type: 'string',
    default: 'xception-cifar10',
    help: 'What to serve: a bundled model, imagenet, preset:NAME (xception presets lists them), ' +
      'or the path of a model package or a model file ' +
      '(.keras, .h5, .weights.h5, .safetensors, .pth of PyTorch, a SavedModel of Keras 2, model.json of TensorFlow.js).'
  },
  modelName: {
    env: 'MODEL_NAME',
    type: 'string',
    default: '',
    defaultText: 'what the model brings',
    form: { accepts: (text) => /^[\w.-]+$/.test(text), words: 'letters, digits, dots, dashes and underscores' },
    help: 'Name that the model is served by, in replies, metrics and the addresses of the Open Inference Protocol.'
  },
  imagenetUrl: {
    env: 'IMAGENET_URL',
    type: 'string',
    default: IMAGENET_URL,
    defaultText: 'where Keras publishes it',
    help: 'Address of the weights for MODEL=imagenet.'
  },
  imagenetSha256: {
    env: 'IMAGENET_SHA256',
    type: 'string',
    default: IMAGENET_SHA256,
    defaultText: 'the published file\'s',
    help: 'SHA-256 of that file, always checked.'
  },
  labels: {
    env: 'LABELS',
    type: 'string',
    default: '',
    defaultText: 'what the model brings',
    help: 'File of labels: one a line, JSON, YAML or CSV; docs/models.md has the forms.'
  },
  fit: choice<'auto' | 'crop' | 'fill'>({
    env: 'FIT',
    default: 'auto',
    choices: ['auto', 'crop', 'fill'],
    help: 'How a picture becomes square: its centre cut out, or squeezed; auto is what the model says, fill for a Keras file.'
  }),
  scale: choice<'auto' | '-1..1' | '0..1' | 'caffe' | 'torch' | 'none'>({
    env: 'SCALE',
    default: 'auto',
    choices: ['auto', '-1..1', '0..1', 'caffe', 'torch', 'none'],
    help: 'How pixels become numbers where the model does not say: caffe is BGR less the means of ImageNet, ' +
      'torch 0..1 normalized by its means and deviations; auto is -1..1.'
  }),
  inputSize: {
    env: 'INPUT_SIZE',
    type: 'integerOrAuto',
    default: 'auto',
    min: 8,
    max: 4096,
    unit: 'pixels',
    help: 'Side of the input where the model does not say; auto is 299.'
  },
  kernel: choice<'auto' | 'nearest' | 'bilinear' | 'linear' | 'cubic' | 'lanczos3'>({
    env: 'KERNEL',
    default: 'auto',
    choices: ['auto', 'nearest', 'bilinear', 'linear', 'cubic', 'lanczos3'],
    help: 'How pictures are resized: linear, cubic, lanczos3 and nearest as Pillow does, bilinear as TensorFlow and ' +
      'image_dataset_from_directory do; auto is what the model says, else linear.'
  }),
  output: choice<'auto' | 'softmax' | 'sigmoid'>({
    env: 'OUTPUT',
    default: 'auto',
    choices: ['auto', 'softmax', 'sigmoid'],
    help: 'What makes probabilities of a Keras file\'s logits; sigmoid where labels are independent.'
  }),
  pooling: choice<'auto' | PoolingName>({
    env: 'POOLING',
    default: 'auto',
    choices: ['auto', ...POOLINGS],
    help: 'How the feature map becomes a vector where a file has only weights; auto is what their shapes say, else avg.'
  }),
  headActivation: choice<'auto' | HiddenActivation>({
    env: 'HEAD_ACTIVATION',
    default: 'auto',
    choices: ['auto', ...Object.keys(HIDDEN_ACTIVATIONS) as HiddenActivation[]],
    help: 'What stands between the Dense layers of a file that has only weights; auto refuses a file with several of them.'
  }),
  outputLayer: {
    env: 'OUTPUT_LAYER',
    type: 'string',
    default: '',
    defaultText: 'the first',
    help: 'Which output of a model file with several is served, by its layer\'s name or its key.'
  },
  backend: choice<'auto' | 'cpu' | 'gpu'>({
    env: 'BACKEND',
    default: 'auto',
    choices: ['auto', 'cpu', 'gpu'],
    help: 'Device to run on; gpu refuses to start without one.'
  }),
  tensorflowThreads: {
    env: 'TENSORFLOW_THREADS',
    type: 'integer',
    default: () => usableCpus(),
    defaultText: 'the CPUs this process may use',
    min: 1,
    max: 1024,
    help: 'Threads that TensorFlow computes with, shared out among ENGINE_WORKERS.'
  },
  precision: choice<'float32' | 'bfloat16' | 'int8' | 'auto'>({
    env: 'PRECISION',
    default: 'float32',
    choices: ['float32', 'bfloat16', 'int8', 'auto'],
    help: 'Numbers to compute with; auto is bfloat16, which is nearly as exact, where that is faster: as measured ' +
      'on a CPU, and on GPUs from Ampere on. int8, which auto never takes, multiplies 8-bit integers in separable convolutions.'
  }),
  kernels: choice<'auto' | 'own' | 'tensorflow'>({
    env: 'KERNELS',
    default: 'auto',
    choices: ['auto', 'own', 'tensorflow'],
    help: 'What computes convolutions on a CPU: this project\'s kernels or TensorFlow\'s operations; auto is what is fastest on this ' +
      'machine with these threads, measured once and kept in the cache.'
  }),
  engineWorkers: {
    env: 'ENGINE_WORKERS',
    type: 'integer',
    default: 1,
    min: 1,
    max: 64,
    help: 'Processes with a TensorFlow session each that run side by side, for machines with more cores than one session fills.'
  },
  maxBatchSize: {
    env: 'MAX_BATCH_SIZE',
    type: 'integerOrAuto',
    default: 8,
    min: 1,
    max: 1024,
    unit: 'images',
    help: 'Most images that one run of the network takes; auto measures the best once and remembers it.'
  },
  batchDelayMs: {
    env: 'BATCH_DELAY_MS',
    type: 'integer',
    default: 0,
    min: 0,
    max: 60_000,
    unit: 'ms',
    help: 'How long an image may wait for others to share its batch.'
  },
  queueSize: {
    env: 'QUEUE_SIZE',
    type: 'integer',
    default: 256,
    min: 1,
    max: 1_000_000,
    unit: 'images',
    help: 'Images that may wait; beyond that requests are answered 503.'
  },
  requestTimeoutMs: {
    env: 'REQUEST_TIMEOUT_MS',
    type: 'integer',
    default: 30_000,
    min: 1,
    max: 3_600_000,
    unit: 'ms',
    help: 'Time from a request\'s arrival after which it is answered 504.'
  },
  inferenceTimeoutMs: {
    env: 'INFERENCE_TIMEOUT_MS',
    type: 'integer',
    default: 30_000,
    min: 1,
    max: 3_600_000,
    unit: 'ms',
    help: 'Time for one run of the network, after which it is taken to hang, and its process is killed and replaced.'
  },
  drainDelayMs: {
    env: 'DRAIN_DELAY_MS',
    type: 'integer',
    default: 5000,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    help: 'Time after SIGTERM in which requests are still taken while /readyz says 503, so that load balancers notice.'
  },
  shutdownGraceMs: {
    env: 'SHUTDOWN_GRACE_MS',
    type: 'integer',
    default: 30_000,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    help: 'Time that accepted work has to finish once no more is taken.'
  },
  maxImageBytes: {
    env: 'MAX_IMAGE_BYTES',
    type: 'integer',
    default: 10 * 1024 * 1024,
    min: 1,
    max: 1024 ** 3,
    unit: 'bytes',
    help: 'Largest image that is taken.'
  },
  maxImagePixels: {
    env: 'MAX_IMAGE_PIXELS',
    type: 'integer',
    default: 100_000_000,
    min: 1,
    max: 1_000_000_000,
    unit: 'pixels',
    help: 'Largest width times height, read from the header.'
  },
  maxImagesPerRequest: {
    env: 'MAX_IMAGES_PER_REQUEST',
    type: 'integer',
    default: 32,
    min: 1,
    max: 1024,
    unit: 'images',
    help: 'Most images in one request.'
  },
  maxRequestBytes: {
    env: 'MAX_REQUEST_BYTES',
    type: 'integer',
    default: 64 * 1024 * 1024,
    min: 1,
    max: 1024 ** 3,
    unit: 'bytes',
    help: 'Largest request body.'
  },
  decodeConcurrency: {
    env: 'DECODE_CONCURRENCY',
    type: 'integer',
    default: (env) => Math.max(1, Math.min(DECODES_BY_DEFAULT, usableCpus(), threadPoolSize(env) - 1)),
    defaultText: 'the CPUs this process may use, at most 3',
    min: 1,
    max: 1023,
    unit: 'images',
    help: 'Images that are decoded at a time. Each takes a thread of Node\'s pool, ' +
      'which has room for 3: npm start, the container and xception make it larger, others set UV_THREADPOOL_SIZE to one more.'
  },
  decodeTimeoutMs: {
    env: 'DECODE_TIMEOUT_MS',
    type: 'integer',
    default: 10_000,
    min: 1,
    max: 3_600_000,
    unit: 'ms',
    help: 'Time to decode one image, after which it is answered 422.'
  },
  maxDecodeBytes: {
    env: 'MAX_DECODE_BYTES',
    type: 'integer',
    default: () => Math.max(LEAST_DECODE_BYTES, Math.min(2 * 1024 ** 3, Math.floor(usableMemory() / 3))),
    defaultText: 'a third of the memory this process may use, at most 2 GiB',
    min: LEAST_DECODE_BYTES,
    max: 2 ** 40,
    unit: 'bytes',
    help: 'Most memory that images take together while they are decoded, by what their headers say; others wait for theirs, ' +
      'and an image that could never have so much is answered 413.'
  },
  apiKeysFile: {
    env: 'API_KEYS_FILE',
    type: 'string',
    default: '',
    defaultText: 'none, everybody may use everything',
    help: 'File of the API keys that clients have to bring, a line `name sha256` for each; read again when it changes.'
  },
  rateLimit: {
    env: 'RATE_LIMIT',
    type: 'integerOrOff',
    default: 'off',
    min: 1,
    max: 1_000_000,
    unit: 'requests a minute',
    help: 'Most requests of a client, which is an API key or else an address; beyond that they are answered 429.'
  },
  trustProxy: {
    env: 'TRUST_PROXY',
    type: 'string',
    default: '',
    defaultText: 'nobody',
    form: {
      accepts: areProxies,
      words: 'addresses or networks such as 10.0.0.0/8 with commas between them, or loopback, uniquelocal, linklocal'
    },
    help: 'Proxies whose X-Forwarded-For says who the client is: addresses or networks, with commas.'
  },
  corsOrigins: {
    env: 'CORS_ORIGINS',
    type: 'string',
    default: '',
    defaultText: 'none',
    form: {
      accepts: (text) => ORIGINS.test(text),
      words: 'origins such as https://example.org with commas between them, or *'
    },
    help: 'Websites whose pages may call the service from a browser (CORS).'
  },
  maxBytesInFlight: {
    env: 'MAX_BYTES_IN_FLIGHT',
    type: 'integer',
    default: () => Math.min(512 * 1024 * 1024, Math.floor(usableMemory() / 4)),
    defaultText: 'a quarter of the memory this process may use, at most 512 MiB',
    min: 1024 * 1024,
    max: 2 ** 40,
    unit: 'bytes',
    help: 'Most that uploads hold together, announced or arrived and not decoded yet; beyond that requests are answered 503.'
  },
  maxConnections: {
    env: 'MAX_CONNECTIONS',
    type: 'integer',
    default: 1024,
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    help: 'Most connections at a time, of PORT and of GRPC_PORT each; on PORT, more are answered /livez and /readyz, ' +
      'take the place of one that has had nothing to ask for longest, or are closed.'
  },
  keepAliveMs: {
    env: 'KEEP_ALIVE_MS',
    type: 'integer',
    default: 3_660_000,
    min: 1000,
    max: 86_400_000,
    unit: 'ms',
    help: 'Time that a connection to PORT stays open with nothing asked on it. It has to be longer than a load balancer in front keeps it.'
  },
  cacheDir: {
    env: 'MODEL_CACHE_DIR',
    type: 'string',
    default: defaultCacheFolder,
    defaultText: '`$XDG_CACHE_HOME/xception-serve`, else `~/.cache/xception-serve`',
    help: 'Folder for compiled and downloaded models.'
  },
  cacheMaxBytes: {
    env: 'MODEL_CACHE_MAX_BYTES',
    type: 'integer',
    default: 512 * 1024 * 1024,
    min: 0,
    max: 2 ** 50,
    unit: 'bytes',
    help: 'Most that compiled models take in that folder, and again what features of pictures take that were trained with; ' +
      'those that were not used for longest leave first, and none that is in use.'
  },
  logLevel: choice({
    env: 'LOG_LEVEL',
    default: 'info',
    choices: LOG_LEVELS,
    help: 'Least severe log line to print; PUT /admin/log-level on ADMIN_PORT changes it without a restart.'
  })
} as const satisfies Record<string, Setting>

/** Read as service/client.ts reads it. */
function areProxies (text: string): boolean {
  try {
    proxyAddr.compile(text.split(',').map((proxy) => proxy.trim()))
    return true
  } catch {
    return false
  }
}
