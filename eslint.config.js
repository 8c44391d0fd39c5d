import neostandard from 'neostandard'

export default [
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  ...neostandard({ ts: true }),
  {
    files: ['**/*.ts', '**/*.mjs', '**/*.js'],
    rules: { '@stylistic/max-len': ['error', { code: 140, ignoreUrls: true }] }
  },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      // A schema and the type it stands for share their name; real redeclarations are the compiler's to find.
      '@typescript-eslint/no-redeclare': 'off',
      // A promise that nobody waits for says so with `void`; what it may reject with is handled where it is made.
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafeCalls: [{
          from: 'package', package: 'node:test', name: ['test', 'suite', 'before', 'after', 'beforeEach', 'afterEach']
        }]
      }],
      'no-void': ['error', { allowAsStatement: true }],
      // What listens to events may be async: what it rejects with is reported as unhandled.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }]
    },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } }
  },
  {
    files: ['**/*.ts'],
    ignores: ['test/**'],
    rules: {
      '@typescript-eslint/no-shadow': ['error', {
        builtinGlobals: true,
        hoist: 'never',
        ignoreOnInitialization: true,
        // What browsers and CommonJS have, types of requests, what every object has, and what Node's modules export by the same name.
        allow: [
          'window', 'document', 'module', 'require', 'valueOf', 'performance', 'setImmediate', 'Request', 'Response', 'Headers', 'File',
          'Record', 'ReadableStream', 'fetch'
        ]
      }]
    }
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/engine/tensorflow.ts'],
    rules: {
      // The layers check (.dependency-cruiser.mjs) sees imports; a name that is handed to a made `require` is a string to it.
      'no-restricted-syntax': ['error', {
        selector: 'Literal[value=/^@tensorflow.(?!tfjs-node.package.json$)/]',
        message: 'TensorFlow is loaded in src/engine/tensorflow.ts only: it blocks its process, and its faults end it.'
      }]
    }
  }
]
