import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { Value } from 'typebox/value'

const FOLDER = new URL('../../src/contract/', import.meta.url)

interface Shown { readonly examples: readonly unknown[] }

const isShown = (value: unknown): value is Shown => typeof value === 'object' && value !== null && 'examples' in value

test('each example of what is sent and answered is as its schema says', async () => {
  let examples = 0
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.js'))) {
    const parts = await import(new URL(file, FOLDER).href) as Record<string, unknown>
    for (const [name, schema] of Object.entries(parts)) {
      if (!isShown(schema)) continue
      for (const example of schema.examples) {
        examples++
        assert.deepEqual([...Value.Errors(schema, example)], [], `${file} ${name}`)
      }
    }
  }
  assert.ok(examples > 5)
})
