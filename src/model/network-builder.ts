import { describeLayer, NetworkError, type Layer, type LayerStatement, type Network, type NetworkInput, type Shape } from './network.js'
import { derive, inputShape, weightSpecs } from './shapes.js'

/**
 * Builds a network layer by layer; shapes and weights follow from what is stated.
 * The first layer, the input, is there from the start and is called `input`.
 */
export class NetworkBuilder {
  private readonly layers: Layer[]
  private readonly shapes = new Map<string, Shape>()
  private readonly weightNames = new Set<string>()

  constructor (private readonly input: NetworkInput, inputName = 'input') {
    const outputShape = inputShape(input)
    this.layers = [{ name: inputName, operation: { kind: 'input' }, inputs: [], outputShape, weights: [] }]
    this.shapes.set(inputName, outputShape)
  }

  /** Name of the layer that was added last. */
  get last (): string {
    return this.layers.at(-1)?.name ?? ''
  }

  /** Appends a layer and returns its name. Throws a NetworkError that names the layer if it does not fit what it reads. */
  add (statement: LayerStatement): string {
    const { name, operation, inputs } = statement
    const fail = (reason: string): never => { throw new NetworkError(`${describeLayer(statement)} ${reason}`) }
    if (this.shapes.has(name)) fail('has the name of another one')
    const shapes = inputs.map((input) => this.shapes.get(input) ?? fail(`reads ${input}, which is not before it`))
    let derived
    try {
      derived = derive(operation, shapes)
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error
      return fail(error.message)
    }
    const weights = weightSpecs(statement, derived.weights)
    for (const weight of weights) {
      if (this.weightNames.has(weight.name)) fail(`has a weight ${weight.name}, which another layer has too`)
      this.weightNames.add(weight.name)
    }
    this.layers.push({ ...statement, outputShape: derived.outputShape, weights })
    this.shapes.set(name, derived.outputShape)
    return name
  }

  /** Shape that a layer gives. */
  shapeOf (name: string): Shape {
    const shape = this.shapes.get(name)
    if (shape === undefined) throw new Error(`there is no layer ${name}`)
    return shape
  }

  build (): Network {
    return { input: this.input, layers: this.layers }
  }
}

/** A network from what is stated of its layers, the input left out. Throws a NetworkError as `NetworkBuilder.add`. */
export function networkOf (input: NetworkInput, statements: readonly LayerStatement[]): Network {
  const builder = new NetworkBuilder(input)
  for (const statement of statements) builder.add(statement)
  return builder.build()
}

/** What `networkOf` makes the same network from. */
export function statementsOf ({ layers }: Network): LayerStatement[] {
  return layers.slice(1).map(({ outputShape: _shape, weights: _weights, ...statement }) => statement)
}
