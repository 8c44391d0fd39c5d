import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { SetupError } from './errors.mjs'
import { hashOf, publishFolder, readJson } from './files.mjs'

const STAMP = '.built-from.json'

/** The step that compiles TypeScript into dist. */
export const build = {
  name: 'build',

  isDone ({ root }) {
    return readJson(join(root, 'dist', STAMP))?.sources === sourcesHash(root)
  },

  async run ({ root, output }) {
    const sources = sourcesHash(root)
    // A new folder each time, a sibling so that source maps stay right: no output of a deleted source survives.
    await publishFolder(join(root, 'dist'), async folder => {
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
      const result = await run(process.execPath, [
        tsc, '-p', 'tsconfig.json', '--outDir', folder, '--tsBuildInfoFile', join(folder, '.tsbuildinfo'), '--pretty', 'false'
      ], { cwd: root })
      if (result.code !== 0) {
        output(result.output)
        throw new SetupError('The TypeScript sources do not compile: mend the errors listed above.')
      }
      writeFileSync(join(folder, STAMP), JSON.stringify({ sources }) + '\n')
    }, { replace: () => true })
  }
}

/** Contents rather than times decide: a checkout changes the times of files that it leaves as they were. */
function sourcesHash (root) {
  const { include } = readJson(join(root, 'tsconfig.json'))
  const paths = include.filter(folder => existsSync(join(root, folder))).flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true }).filter(name => name.endsWith('.ts')).map(name => join(folder, name)))
  const inputs = ['tsconfig.json', 'package.json', 'package-lock.json', ...paths.sort()]
  return hashOf(inputs.flatMap(path => [path, readFileSync(join(root, path))]))
}
