import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/** Makes a hierarchy of control groups of files by their paths, and returns where it is mounted. */
export function hierarchy (t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'xception-cgroup-'))
  t.after(() => { rmSync(root, { recursive: true }) })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}
