export { compile, type CompileOptions } from './compile.js'
export type { Precision } from './precision.js'
export { writeSavedModel, type SavedModel } from './saved-model.js'
export type { ModelTarget, Target } from './target.js'
