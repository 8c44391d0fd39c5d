import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { sharp } from '../../src/preprocess/libvips.js'

/*
 * Preloaded: takes libvips's JPEG decoder away, as a system does that lacks something, and gives it back. Each SIGUSR2 does the one or
 * the other; with UNDECODING_MS in the environment, the first JPEG that is read does the one, and so many milliseconds later the other.
 */

const operation = ['VipsForeignLoadJpegBuffer']
const { UNDECODING_MS } = process.env

if (UNDECODING_MS === undefined) {
  let isThere = true
  process.on('SIGUSR2', () => {
    isThere = !isThere
    sharp[isThere ? 'unblock' : 'block']({ operation })
  })
} else {
  const { stat } = fs
  let isFirst = true
  Object.assign(fs, {
    stat: async (path: string) => {
      if (isFirst && path.endsWith('.jpg')) {
        isFirst = false
        sharp.block({ operation })
        setTimeout(() => { sharp.unblock({ operation }) }, Number(UNDECODING_MS))
      }
      return await stat(path)
    }
  })
  syncBuiltinESMExports()
}
