import type { FlatLayer } from './flatten.js'

/** Names of the graph's ends, which the compiler gives. */
const RESERVED = /^(images|pixels|probabilities|features|feature_map|maps|top_maps|output)$/

/** Names for the layers of a network like those of the file, of the characters that TensorFlow allows, each once. */
export class LayerNames {
  private readonly taken = new Set<string>()

  /** Keeps a name from being given. */
  reserve (name: string): void {
    this.taken.add(name)
  }

  /** The layer's name with the suffix; with the models around it where another layer has that name. */
  take ({ name, place }: Pick<FlatLayer, 'name' | 'place'>, suffix: string): string {
    const plain = allowed(name + suffix)
    const base = this.taken.has(plain) ? allowed(place.namePath + suffix) : plain
    let unique = base
    for (let count = 1; this.taken.has(unique); count++) unique = `${base}_${count}`
    this.taken.add(unique)
    return unique
  }
}

/** The name with other characters replaced, and none of those that the compiler needs. */
export function allowed (name: string): string {
  const plain = name.replace(/[^\w./-]/g, '_').replace(/^(?=[^A-Za-z0-9.]|$)/, 'layer')
  return RESERVED.test(plain) ? `layer.${plain}` : plain
}
