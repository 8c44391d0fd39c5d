import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fetchImageNet, IMAGENET_SHA256 } from '../../src/sources/imagenet.js'

suite('an address that is none ends the start with a sentence, without a password that is in it', () => {
  for (const [name, url, shown] of [
    ['a path', 'weights.h5', 'weights.h5'],
    ['a port that no host has', 'http://127.0.0.1:99999/w.h5', 'http://127.0.0.1:99999/w.h5'],
    ['another protocol', 'file:///w.h5', 'file:///w.h5'],
    ['data', 'data:text/plain,w', 'data:text/plain,w'],
    ['a password with a % that begins no character', 'http://user:sec%ret@127.0.0.1/w.h5', 'http://...@127.0.0.1/w.h5'],
    ['a password that cuts the address', 'https://user:se/c#@ret@127.0.0.1/w.h5', 'https://...@127.0.0.1/w.h5']
  ] as const) {
    test(name, async () => {
      const problem = `IMAGENET_URL=${shown} is not an address`
      await assert.rejects(fetchImageNet({ cacheDir: '/tmp/xception-none', imagenetUrl: url, imagenetSha256: IMAGENET_SHA256 }), {
        name: 'OperatorError',
        message: `${problem}: it takes one that starts with http:// or https://, and in a password %25 stands for %.`
      })
    })
  }
})
