import { ModuleApart } from '../../base/apart/module-apart.js'
import { NOTICE } from '../../engine/notices.js'
import type { Images, StepBatch, StepResult, TrainingWorker, VariableValues } from './protocol.js'

const WORKER = new URL('./worker.js', import.meta.url)

/** The process that trains. Calls may be made ahead; they are done in their order, and rejected once it is gone. */
export class TrainingProcess extends ModuleApart<TrainingWorker> {
  /** `environment` is added to this process's, which is the only way to tell TensorFlow of threads and devices. */
  constructor (environment: Readonly<Record<string, string>>) {
    super(WORKER, { name: 'The process that trains', environment, omit: NOTICE })
  }

  async load (folder: string): Promise<void> {
    await this.call('load', [folder])
  }

  async write (values: VariableValues): Promise<void> {
    await this.call('write', [values])
  }

  async read (): Promise<VariableValues> {
    return await this.call('read', [])
  }

  async step (batch: StepBatch): Promise<StepResult> {
    return await this.call('step', [batch])
  }

  async evaluate (images: Images): Promise<Float32Array<ArrayBuffer>> {
    return await this.call('evaluate', [images])
  }
}
