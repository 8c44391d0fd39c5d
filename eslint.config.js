import neostandard from 'neostandard'

export default [
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  ...neostandard({ ts: true }),
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error'
    }
  }
]
