export { compile, type CompileOptions, type Rescaling } from './compile.js'
export type { Precision } from './builder.js'
