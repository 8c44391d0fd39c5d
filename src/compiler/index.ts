export { compile, type CompileOptions } from './compile.js'
export type { Precision } from './precision.js'
