import { classCount } from '../../src/model/network.js'
import { writePackageFiles } from '../../src/sources/package-writer.js'
import type { BenchModel } from './model.js'

/** Writes a network as a model package that the service can serve, classes named by their numbers. */
export async function writeBenchPackage (folder: string, { network, weights }: BenchModel): Promise<void> {
  const labels = Array.from({ length: classCount(network) }, (_, index) => `class ${index}`)
  const input = { fit: 'fill', cropFraction: 1, kernel: 'linear' } as const
  await writePackageFiles(folder, { name: 'xception-bench', version: '1', network, input, labels, weights })
}
