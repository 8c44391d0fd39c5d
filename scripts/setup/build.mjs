import { cpSync, existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { SetupError } from './errors.mjs'
import { hashOf, publishFolder, readJson } from './files.mjs'

/** What dist was built from: `{ whole: boolean, sources: <hash of them>, state: <hash of what the compiler remembers> }`. */
const STAMP = '.built-from.json'
/** What the compiler remembers, so that it looks only at what changed. It lies beside its outputs, which nothing can separate. */
const STATE = '.tsbuildinfo'

/** What runs in browsers has its own configuration and its place in dist: files as they are, whatever their types. */
const PAGE = { config: 'page/tsconfig.build.json', folder: 'page', state: STATE }
/** Emits nothing. */
const TYPES_OF_PAGE = { config: 'page/tsconfig.json', folder: 'page', state: '.types.tsbuildinfo' }
/** What starting needs, and all there is. */
const SERVICE = [{ config: 'tsconfig.service.json', folder: '.', state: STATE }, PAGE]
const WHOLE = [{ config: 'tsconfig.json', folder: '.', state: STATE }, PAGE, TYPES_OF_PAGE]
/** Compiled modules that stand for packages of very many small files, which they hold once they are bundled: each start would read them. */
const BUNDLED = ['src/base/typebox.js']
/** What these extend. */
const EXTENDED = ['tsconfig.json', 'page/tsconfig.json']

/**
 * The step that compiles TypeScript into dist.
 *
 * @type {import('./steps.mjs').Step}
 */
export const build = {
  name: 'build',
  needs: ['packages'],

  isDone ({ root, development }) {
    const dist = join(root, 'dist')
    const built = readJson(join(dist, STAMP))
    return built !== undefined && (built.whole || !development) &&
      built.sources === sourcesHash(root, built.whole) && built.state === stateHash(dist)
  },

  async run ({ root, development, output }) {
    const dist = join(root, 'dist')
    // Tests that are there once are kept up to date: half a build of theirs would be one of old sources.
    const whole = development || readJson(join(dist, STAMP))?.whole === true
    const sources = sourcesHash(root, whole)
    // A copy, a sibling so that source maps and the compiler's state stay right: dist is the last build until this one is complete.
    await publishFolder(dist, async folder => {
      if (existsSync(dist)) cpSync(dist, folder, { recursive: true })
      await compile({ root, projects: projects(whole), folder, output })
      for (const path of BUNDLED.map(name => join(folder, name)).filter(path => existsSync(path))) await bundle({ root, path, output })
      removeOrphans(folder, root)
      writeFileSync(join(folder, STAMP), JSON.stringify({ whole, sources, state: stateHash(folder) }) + '\n')
    }, { replace: () => true })
  }
}

function projects (whole) {
  return whole ? WHOLE : SERVICE
}

async function compile ({ root, projects, folder, output }) {
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc')
  const results = await Promise.all(projects.map(({ config, folder: place, state }) => run(process.execPath, [
    tsc, '-p', config, '--outDir', join(folder, place), '--tsBuildInfoFile', join(folder, place, state), '--pretty', 'false'
  ], { cwd: root })))
  const failed = results.filter(({ code }) => code !== 0)
  if (failed.length === 0) return
  for (const result of failed) output(result.output.trimEnd())
  throw new SetupError('The TypeScript sources do not compile: mend the errors listed above.')
}

async function bundle ({ root, path, output }) {
  const esbuild = join(root, 'node_modules', 'esbuild', 'bin', 'esbuild')
  const options = ['--bundle', '--platform=node', '--format=esm', '--log-level=warning', '--allow-overwrite', `--outfile=${path}`]
  const result = await run(process.execPath, [esbuild, path, ...options], { cwd: root })
  if (result.code === 0) return
  output(result.output.trimEnd())
  throw new SetupError(`${path} cannot be bundled: see what esbuild says above.`)
}

/** Deletes what was compiled from sources that are gone. */
function removeOrphans (folder, root) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [path, source] = [join(folder, entry.name), join(root, entry.name)]
    if (entry.isDirectory()) {
      removeOrphans(path, source)
      if (readdirSync(path).length === 0) rmdirSync(path)
    } else if (/\.js(?:\.map)?$/.test(entry.name) && !existsSync(source.replace(/\.js(?:\.map)?$/, '.ts'))) {
      rmSync(path)
    }
  }
}

/** Contents rather than times decide: a checkout changes the times of files that it leaves as they were. */
function sourcesHash (root, whole) {
  const configs = [...EXTENDED, ...projects(whole).map(({ config }) => config)]
  const folders = projects(whole).flatMap(({ config }) => readJson(join(root, config)).include.map(folder => join(config, '..', folder)))
  const paths = folders.filter(folder => existsSync(join(root, folder))).flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts')).map(name => join(folder, name)))
  const inputs = [...configs, 'package.json', 'package-lock.json', ...paths.sort()]
  return hashOf(inputs.flatMap(path => [path, readFileSync(join(root, path))]))
}

/** Whoever runs the compiler by hand, or lets it watch, changes what it remembers together with its outputs. */
function stateHash (dist) {
  return hashOf(WHOLE.map(({ folder, state }) => join(dist, folder, state)).map(path => existsSync(path) ? readFileSync(path) : ''))
}
