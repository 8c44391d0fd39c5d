import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const DEADLINE_MS = 60_000

/** @typedef {{ Env: string[], User: string, WorkingDir: string, Entrypoint: string[], Healthcheck: { Test: string[] } }} Config */

/**
 * Mounts an image of buildah's store while `work` runs.
 *
 * @template T
 * @param {string} image
 * @param {(rootfs: string, config: Config) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withRootfs (image, work) {
  const { Docker } = JSON.parse(buildah('inspect', '--type', 'image', image))
  const container = buildah('from', '--pull-never', image)
  try {
    return await work(buildah('mount', container), Docker.config)
  } finally {
    buildah('rm', container)
  }
}

function buildah (...args) {
  return execFileSync('buildah', args, { encoding: 'utf8', maxBuffer: 1 << 26 }).trim()
}

// Mount and process namespaces of its own; no writable place but the devices, and root itself is refused one.
const READ_ONLY = `
set -e
rootfs=$1 user=$2 workdir=$3
shift 3
mount --bind "$rootfs" "$rootfs"
mount -o remount,bind,ro "$rootfs"
mount -t proc proc "$rootfs/proc"
mount --rbind /dev "$rootfs/dev"
for folder in / /tmp /app /var/cache/xception-serve; do
  if touch "$rootfs$folder/probe" 2> /dev/null; then
    echo "$folder can be written" >&2
    exit 99
  fi
done
exec chroot "$rootfs" \\
  setpriv --reuid "\${user%:*}" --regid "\${user#*:}" --clear-groups --no-new-privs --bounding-set=-all -- \\
  env -C "$workdir" "$@"
`

/**
 * Starts the image's entry point as an orchestrator would: process 1 of its own process namespace, the image's user
 * and environment, no privileges, a read-only root file system without any writable folder.
 *
 * @param {string} rootfs
 * @param {Parameters<Parameters<typeof withRootfs>[1]>[1]} config the image's
 * @param {Record<string, string>} env added to the image's
 */
export function start (rootfs, config, env) {
  const variables = [...config.Env, 'HOME=/', ...Object.entries(env).map(entry => entry.join('='))]
  const child = spawn('unshare', [
    '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', READ_ONLY, 'sh',
    rootfs, config.User, config.WorkingDir, 'env', '-i', ...variables, ...config.Entrypoint
  ], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => { log += chunk })
  const exit = once(child, 'close').then(([code]) => code)
  return {
    exit,
    log: () => log,

    /** Resolves with what `find` makes of the log, once that is something. */
    async waitFor (find) {
      let ended = false
      exit.then(() => { ended = true })
      for (const start = Date.now(); Date.now() - start < DEADLINE_MS; await sleep(50)) {
        const found = find(log)
        if (found) return found
        if (ended) break
      }
      throw new Error(`the container said:\n${log}`)
    },

    /** Runs a command beside process 1 and returns its exit code. */
    async execute (command) {
      const beside = spawn('nsenter', [
        '--target', String(pidOfFirstProcess(child.pid)), '--mount', '--pid', '--root', `--wd=${rootfs}${config.WorkingDir}`,
        'env', '-i', ...variables, ...command
      ], { stdio: 'inherit' })
      const [code] = await once(beside, 'close')
      return code
    },

    /** Signals process 1, if there is one yet or still. */
    signal (name) {
      const pid = pidOfFirstProcess(child.pid)
      if (pid !== undefined) process.kill(pid, name)
    }
  }
}

/** @returns {number | undefined} undefined before it has been started and after it has ended */
function pidOfFirstProcess (unshare) {
  const path = `/proc/${unshare}/task/${unshare}/children`
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) || undefined : undefined
}
