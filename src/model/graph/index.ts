export { compile, INPUT_NODE, OUTPUT_NODE, type CompileOptions, type Rescaling } from './compile.js'
export type { Precision } from './builder.js'
export { SERVING_SIGNATURE, SERVING_TAG } from './messages.js'
