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
      '@typescript-eslint/no-redeclare': 'off'
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
