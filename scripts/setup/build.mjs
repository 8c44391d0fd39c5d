import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { SetupError } from './errors.mjs'
import { hashOf, publishFolder, readJson } from './files.mjs'

const STAMP = '.built-from.json'

/** What runs in Node, and what runs in browsers: each has its own configuration and its place in dist. */
const PROJECTS = [
  { config: 'tsconfig.json', folder: '.' },
  // Files as they are: the types that they take from elsewhere are `npm run typecheck`'s.
  { config: 'page/tsconfig.build.json', folder: 'page' }
]
/** What these extend. */
const EXTENDED = ['page/tsconfig.json']

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
      for (const project of PROJECTS) await compile({ root, config: project.config, folder: join(folder, project.folder), output })
      writeFileSync(join(folder, STAMP), JSON.stringify({ sources }) + '\n')
    }, { replace: () => true })
  }
}

async function compile ({ root, config, folder, output }) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const result = await run(process.execPath, [
    tsc, '-p', config, '--outDir', folder, '--tsBuildInfoFile', join(folder, '.tsbuildinfo'), '--pretty', 'false'
  ], { cwd: root })
  if (result.code === 0) return
  output(result.output)
  throw new SetupError('The TypeScript sources do not compile: mend the errors listed above.')
}

/** Contents rather than times decide: a checkout changes the times of files that it leaves as they were. */
function sourcesHash (root) {
  const configurations = PROJECTS.map(({ config }) => config)
  const folders = configurations.flatMap(path => readJson(join(root, path)).include.map(folder => join(path, '..', folder)))
  const paths = folders.filter(folder => existsSync(join(root, folder))).flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true }).filter(name => name.endsWith('.ts')).map(name => join(folder, name)))
  const inputs = [...configurations, ...EXTENDED, 'package.json', 'package-lock.json', ...paths.sort()]
  return hashOf(inputs.flatMap(path => [path, readFileSync(join(root, path))]))
}
