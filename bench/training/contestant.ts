import type { Precision } from '../../src/compiler/index.js'
import type { Network } from '../../src/model/network.js'

/** Who trains: one that is started does steps when it is told to. */
export interface Contestant {
  readonly name: string
  readonly precision: Precision
  readonly version: string
  /** Does so many steps with the same batch; milliseconds of each. */
  readonly step: (count: number) => Promise<number[]>
  readonly close: () => Promise<void>
}

/** The same for all. */
export interface TrainingTask {
  readonly network: Network
  readonly batch: number
  readonly threads: number
}
