import neostandard from 'neostandard'

export default [
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  ...neostandard({ ts: true }),
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      // A schema and the type it stands for share their name; real redeclarations are the compiler's to find.
      '@typescript-eslint/no-redeclare': 'off'
    }
  }
]
