/** What each folder of src/ may use besides itself; docs/architecture.md says what each holds. */
export const MAY_USE = {
  base: [],
  contract: ['base/'],
  model: ['base/'],
  preprocess: ['base/', 'model/input.ts'],
  sources: ['base/', 'model/'],
  compiler: ['base/', 'model/'],
  engine: ['base/', 'compiler/'],
  telemetry: ['base/'],
  quantize: ['base/', 'model/', 'compiler/', 'engine/'],
  service: ['base/', 'contract/', 'model/', 'preprocess/', 'sources/', 'compiler/', 'quantize/', 'engine/', 'telemetry/'],
  train: ['base/', 'model/', 'preprocess/', 'sources/', 'compiler/', 'engine/'],
  intake: ['base/', 'contract/', 'telemetry/', 'service/'],
  plugins: ['base/', 'contract/', 'telemetry/', 'service/', 'intake/'],
  routes: ['base/', 'contract/', 'telemetry/', 'service/', 'intake/'],
  grpc: ['base/', 'telemetry/', 'service/', 'intake/'],
  cli: ['']
}

/** What stands on top of the folders, from below upwards, and what each file may use. */
const MAY_USE_ON_TOP = {
  'settings.ts': ['base/', 'model/head-settings.ts', 'sources/'],
  'config.ts': ['base/', 'settings.ts'],
  'app.ts': ['base/', 'telemetry/', 'service/', 'intake/', 'plugins/', 'routes/', 'config.ts'],
  'admin-app.ts': ['base/', 'telemetry/', 'service/', 'intake/', 'plugins/', 'routes/'],
  'end-and-reload.ts': ['base/', 'service/', 'config.ts'],
  'assembly.ts': ['base/', 'model/', 'preprocess/', 'sources/', 'telemetry/', 'service/', 'intake/', 'grpc/', 'config.ts', 'app.ts',
    'admin-app.ts'],
  'server.ts': ['base/', 'telemetry/', 'service/', 'grpc/', 'config.ts', 'assembly.ts', 'end-and-reload.ts'],
  'start.ts': ['base/', 'config.ts', 'server.ts'],
  'main.ts': ['base/', 'start.ts']
}

const anyOf = (paths) => `^src/(?:${paths.map((path) => path.replace('.', '\\.')).join('|')})`
const folders = Object.keys(MAY_USE)
const entries = ['main.ts', 'cli/']

export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'files that import each other cannot be understood, tested or moved one at a time',
      severity: 'error',
      from: {},
      to: { circular: true }
    },
    ...folders.map((folder) => ({
      name: `${folder}-uses-only-what-is-below`,
      severity: 'error',
      from: { path: anyOf([`${folder}/`]) },
      to: { path: '^src/', pathNot: anyOf([`${folder}/`, ...MAY_USE[folder]]) }
    })),
    ...Object.entries(MAY_USE_ON_TOP).map(([file, used]) => ({
      name: `${file.replace('.ts', '')}-uses-only-what-is-below`,
      severity: 'error',
      from: { path: `${anyOf([file])}$` },
      to: { path: '^src/', pathNot: anyOf(used) }
    })),
    {
      name: 'every-file-has-its-place',
      comment: 'a new folder of src/, and a new file beside the folders, needs its line in .dependency-cruiser.mjs',
      severity: 'error',
      from: { path: '^src/', pathNot: [anyOf(folders.map((folder) => `${folder}/`)), `${anyOf(Object.keys(MAY_USE_ON_TOP))}$`] },
      to: {}
    },
    {
      name: 'commands-are-started',
      comment: 'a program imports no other program',
      severity: 'error',
      from: { path: '^src/', pathNot: anyOf(entries) },
      to: { path: anyOf(entries) }
    },
    {
      name: 'the-worker-is-started',
      comment: 'who imports the worker loads TensorFlow into a process that has other work',
      severity: 'error',
      from: { pathNot: '^test/engine/worker.test.ts$' },
      to: { path: anyOf(['engine/worker.ts', 'engine/worker-process.ts', 'train/process/worker.ts', 'base/apart/module-process.ts']) }
    },
    {
      name: 'tensorflow-is-the-workers',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: anyOf(['engine/tensorflow.ts', 'engine/worker.ts', 'engine/choice/timing-process.ts', 'train/process/worker.ts'])
      },
      to: { path: ['@tensorflow/', anyOf(['engine/tensorflow.ts'])] }
    },
    {
      name: 'typebox-is-one-module',
      comment: 'its hundreds of modules take a third of a second of each start; the set-up bundles those of src/base/typebox.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: anyOf(['base/typebox.ts']) },
      to: { path: 'node_modules/typebox/' }
    },
    {
      name: 'no-tests-in-what-runs',
      severity: 'error',
      from: { path: '^(?:src|bench|verify|docs)/' },
      to: { path: '^test/' }
    },
    {
      name: 'nothing-around-the-product-in-it',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(?:bench|verify|docs)/' }
    },
    {
      name: 'no-benchmarks-in-what-verifies',
      comment: 'tests and benchmarks share the harness of verify/, which measures nothing',
      severity: 'error',
      from: { path: '^verify/' },
      to: { path: '^(?:bench|docs)/' }
    },
    {
      name: 'the-page-is-of-browsers',
      comment: 'a browser gets the files of page/ and no others, and nothing in Node has its objects',
      severity: 'error',
      from: { path: '^page/' },
      to: { pathNot: ['^page/', anyOf(['contract/'])] }
    },
    {
      name: 'the-page-has-types-of-the-contract',
      comment: 'what replies look like, of which nothing is left to load',
      severity: 'error',
      from: { path: '^page/' },
      to: { path: anyOf(['contract/']), dependencyTypesNot: ['type-only'] }
    },
    {
      name: 'nothing-but-browsers-runs-the-page',
      severity: 'error',
      from: { pathNot: '^page/' },
      to: { path: '^page/' }
    },
    {
      name: 'every-import-is-found',
      comment: 'what is not found is not checked either',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true }
    }
  ],
  options: {
    // Imports of types are arrows too, though nothing of them is left to run.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] }
  }
}
