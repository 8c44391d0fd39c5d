import { totalCounts } from '../model/counts.js'
import { presetAbout, presetNames, presetNetwork } from '../model/presets/index.js'
import { aligned, print, thousands } from './table.js'

/** Costs do not depend on it. */
const ANY_RESCALING = { scale: 1, offset: 0 }

/** Prints the family: names, what each is, and what it costs at full size. */
export function listPresets ({ json }: { json: boolean }): void {
  const presets = presetNames().map((name) => {
    const network = presetNetwork({ name }, ANY_RESCALING)
    return { name, about: presetAbout(name), size: network.input.side, ...totalCounts(network.layers) }
  })
  if (json) {
    process.stdout.write(`${JSON.stringify(presets, null, 2)}\n`)
    return
  }
  print(aligned([
    ['preset', 'parameters', 'multiply-adds', 'size', 'what it is'],
    ...presets.map(({ name, about, size, parameters, multiplyAdds }) => [
      name, thousands(parameters), thousands(multiplyAdds), String(size), about
    ])
  ]))
  print([
    [],
    ['inception-segments-K takes any K from 1. Costs are for 1000 classes, multiply-adds for one image of the size.'],
    ['MODEL=preset:NAME?width=0.25&size=64&classes=10&stem=1 is one of them, smaller: width scales the filters, rounded to the'],
    ['nearest whole number, size is the side of the input in pixels, stem the stride of the first convolution; all are optional.']
  ])
}
