// Preloaded, or the first thing of a program: gives Node's thread pool a thread for each image that is decoded at a time, and one
// for files. libuv reads the size when the pool is first used. Loading an ES module uses it, so this is none.
const decodes = Number(process.env.DECODE_CONCURRENCY)
/** What the pool has by default leaves room for three. */
const MOST_BY_DEFAULT = 3
if (process.env.UV_THREADPOOL_SIZE === undefined && Number.isSafeInteger(decodes) && decodes > MOST_BY_DEFAULT) {
  process.env.UV_THREADPOOL_SIZE = String(decodes + 1)
}
