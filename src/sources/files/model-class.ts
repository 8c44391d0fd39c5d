import { WeightsError } from '../../model/weights.js'

/** Classes of models that say in their configuration what they compute, by which of Keras's two kinds they are. */
export const MODEL_CLASSES: ReadonlyMap<string, 'sequential' | 'functional'> = new Map([
  ['Sequential', 'sequential'], ['Functional', 'functional'], ['Model', 'functional']
])

/**
 * Throws a WeightsError for the configuration of a model whose layers only its Python code knows; its weights are kept in ways of their
 * own.
 */
export function demandModelClass (className: string): void {
  if (MODEL_CLASSES.has(className)) return
  throw new WeightsError(`the model is of the class ${className}, and only functional and Sequential models are read: ` +
    "a subclassed model's layers are in its Python code; write it as keras.Model(inputs, model.call(inputs)), and save that")
}
