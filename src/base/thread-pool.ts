/** libuv's: what the pool has unless UV_THREADPOOL_SIZE says otherwise, and what it has at most. */
const DEFAULT_THREADS = 4
const MOST_THREADS = 1024

/**
 * Threads of Node's pool, which files, DNS and image decoding share. The environment has to be the one that the process was
 * started with: libuv reads the variable once, when the pool is first used (https://docs.libuv.org/en/v1.x/threadpool.html).
 */
export function threadPoolSize (env: NodeJS.ProcessEnv): number {
  const { UV_THREADPOOL_SIZE: text } = env
  if (text === undefined) return DEFAULT_THREADS
  // As C's atoi, which takes what is no number for 0.
  const threads = Number(/^\s*\+?(\d+)/.exec(text)?.[1] ?? 0)
  return Math.min(Math.max(threads, 1), MOST_THREADS)
}
