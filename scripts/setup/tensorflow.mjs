import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { run } from './child.mjs'
import { SetupError } from './errors.mjs'
import { publishFolder, sha256OfFile } from './files.mjs'
import { TENSORFLOW_VERSION } from './platform.mjs'

const PROGRESS_INTERVAL_MS = 500

/** The headers that the addon includes, directly or not; the other 14,000 stay in the wheel. */
const HEADERS = [
  'tensorflow/c/', 'tensorflow/core/platform/', 'tensorflow/core/common_runtime/next_pluggable_device/c/', 'xla/tsl/', 'tsl/'
]
/** One of those that older set-ups did not keep. */
const NEW_HEADER = 'tensorflow/core/common_runtime/next_pluggable_device/c/tf_rendezvous_c_api.h'

const EXTRACT = `
import os, shutil, sys, zipfile
wheel, target, libraries, headers = sys.argv[1], sys.argv[2], sys.argv[3].split(','), sys.argv[4].split(',')
moves = {'tensorflow/' + name: os.path.join('lib', name) for name in libraries}
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith('tensorflow/include/') and name.endswith('.h'):
            path = name[len('tensorflow/include/'):]
            if path.startswith(tuple(headers)):
                moves[name] = os.path.join('include', path)
    for name, path in moves.items():
        path = os.path.join(target, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(name) as source, open(path, 'wb') as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
`

/**
 * @param {Pick<import('./steps.mjs').Context, 'cache' | 'target'>} context
 * @returns {string} the folder that holds (or will hold) `lib/` and `include/` of one TensorFlow
 */
export function tensorflowFolder ({ cache, target }) {
  return join(cache, `tensorflow-${TENSORFLOW_VERSION}-${target.flavour}-${target.sha256.slice(0, 12)}`)
}

/**
 * The step that puts TensorFlow's libraries and headers into the cache.
 *
 * @type {import('./steps.mjs').Step}
 */
export const tensorflow = {
  name: 'TensorFlow',

  isDone (context) {
    const folder = tensorflowFolder(context)
    return [...context.target.libraries.map(name => join('lib', name)), join('include', NEW_HEADER)]
      .every(path => existsSync(join(folder, path)))
  },

  async run (context) {
    await requirePython()
    const { target, env, progress } = context
    await publishFolder(tensorflowFolder(context), async folder => {
      requireSpace(folder, target.diskMegabytes)
      const given = env.TENSORFLOW_WHEEL
      const wheel = given ? givenWheel(given) : await download(folder, context)
      progress('checking the wheel')
      await verify(wheel, target)
      progress('extracting')
      await extract(wheel, folder, target)
      rmSync(join(folder, 'download'), { recursive: true, force: true })
      // Another set-up's complete folder stays, one whose libraries somebody deleted does not.
    }, { replace: () => !tensorflow.isDone(context) })
  }
}

async function requirePython () {
  const missing = new SetupError('python3 is missing: install it ' +
    '(Debian: apt-get install python3 python3-pip; macOS: xcode-select --install).')
  try {
    const { code } = await run('python3', ['-c', 'import zipfile, zlib'])
    if (code !== 0) throw missing
  } catch (error) {
    throw error.code === 'ENOENT' ? missing : error
  }
}

function requireSpace (folder, megabytes) {
  const { bavail, bsize } = statfsSync(folder)
  const free = Math.floor(bavail * bsize / 1e6)
  if (free < megabytes) {
    throw new SetupError(`TensorFlow needs ${megabytes} MB of disk space and ${resolve(folder, '..')} has ${free} MB left: ` +
      'free some, or point XDG_CACHE_HOME at another disk.')
  }
}

function givenWheel (path) {
  const wheel = resolve(path)
  if (statSync(wheel, { throwIfNoEntry: false })?.isFile()) return wheel
  throw new SetupError(`TENSORFLOW_WHEEL names ${path}, which is not a file: set it to the path of a downloaded wheel.`)
}

async function verify (wheel, { sha256, project, tag }) {
  const actual = await sha256OfFile(wheel)
  if (actual === sha256) return
  throw new SetupError(`${wheel} has SHA-256 ${actual} instead of ${sha256}: ` +
    `get the wheel ${project} ${TENSORFLOW_VERSION} for cp311 and ${tag} anew.`)
}

/**
 * @returns {Promise<string>} the wheel's path, in a folder of its own inside `folder`
 */
async function download (folder, { target, env, progress }) {
  const { code: noPip } = await run('python3', ['-m', 'pip', '--version'])
  if (noPip !== 0) {
    throw new SetupError('pip is missing: install it (Debian: apt-get install python3-pip; elsewhere: python3 -m ensurepip), ' +
      'or set TENSORFLOW_WHEEL to a downloaded wheel.')
  }
  const place = join(folder, 'download')
  mkdirSync(place)
  const timer = setInterval(() => {
    const megabytes = megabytesIn(place)
    const percent = Math.min(99, Math.floor(100 * megabytes / target.wheelMegabytes))
    progress(`downloading, ${Math.floor(megabytes)} of ${target.wheelMegabytes} MB (${percent} %)`)
  }, PROGRESS_INTERVAL_MS)
  try {
    const { code, output } = await run('python3', [
      '-m', 'pip', 'download', `${target.project}==${TENSORFLOW_VERSION}`,
      '--no-deps', '--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311',
      '--platform', target.tag, '--no-cache-dir', '--progress-bar', 'off', '--retries', '2', '-d', place
      // pip's own temporary files go where an interruption removes them and the progress line sees them grow.
    ], { env: { ...env, TMPDIR: place } })
    if (code !== 0) throw downloadFailure(output)
  } finally {
    clearInterval(timer)
  }
  const wheel = readdirSync(place).find(name => name.endsWith('.whl'))
  if (wheel === undefined) throw downloadFailure('')
  return join(place, wheel)
}

/** The largest file alone, because pip copies the wheel once more when it has arrived. */
function megabytesIn (folder) {
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
  return Math.max(0, ...sizes) / 1e6
}

function downloadFailure (output) {
  if (output.includes('No space left on device')) return Object.assign(new Error(output), { code: 'ENOSPC' })
  if (/NewConnectionError|ConnectTimeoutError|NameResolutionError|ProxyError|ReadTimeoutError/.test(output)) {
    return new SetupError('The Python package index cannot be reached: check the network, and pip\'s index and proxy settings, ' +
      'or set TENSORFLOW_WHEEL to a downloaded wheel.')
  }
  const reason = output.split('\n').findLast(line => line.startsWith('ERROR: '))?.slice('ERROR: '.length) ?? 'pip failed'
  return new SetupError(`pip cannot download TensorFlow (${reason.replace(/\.$/, '')}): ` +
    'check pip\'s settings, or set TENSORFLOW_WHEEL to a downloaded wheel.')
}

async function extract (wheel, folder, { libraries }) {
  const { code, output } = await run('python3', ['-c', EXTRACT, wheel, folder, libraries.join(','), HEADERS.join(',')])
  if (code === 0) return
  if (output.includes('No space left on device')) throw Object.assign(new Error(output), { code: 'ENOSPC' })
  throw new SetupError(`${wheel} cannot be extracted (${output.trim().split('\n').at(-1)}): get the wheel anew.`)
}
