import { download } from '../../src/sources/download.js'

/* One of several processes that want the same file: url, sha256, path. */

const [url = '', sha256 = '', path = ''] = process.argv.slice(2)
await download({ url, sha256, path, maxBytes: 1_000_000 })
