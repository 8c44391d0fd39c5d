import type { Slot } from '../service/slot.js'
import type { IntakeOptions } from '../intake/admitted.js'
import { checkAddress } from '../intake/named-model.js'
import { modelMetadata, serverMetadata } from '../intake/open-inference/metadata.js'
import type { Answer, Call } from './call.js'
import { addressOf, modelInfer } from './infer.js'
import type { Method } from './messages.js'

/** A message that names a model. */
interface ModelMessage {
  readonly name: string
  readonly version: string
}

interface MethodAnswer {
  readonly answer: Answer
  /** Asked by probes, without a key. */
  readonly isHealth: boolean
}

/** What each method of the service answers, by its name. */
export function methodAnswers (intake: IntakeOptions): Readonly<Record<string, MethodAnswer>> {
  const { slot } = intake
  return {
    ServerLive: { isHealth: true, answer: async () => ({ live: true }) },
    ServerReady: { isHealth: true, answer: async () => ({ ready: slot.notReadyReason === undefined }) },
    ModelReady: { isHealth: true, answer: async (call, method) => ({ ready: isReady(slot, await receiveModel(call, method)) }) },
    ServerMetadata: { isHealth: false, answer: async () => serverMetadata() },
    ModelMetadata: {
      isHealth: false,
      answer: async (call, method) => {
        const { name, version } = await receiveModel(call, method)
        return await slot.use(async (model) => {
          checkAddress(model, addressOf(name, version))
          return modelMetadata(model)
        })
      }
    },
    ModelInfer: { isHealth: false, answer: async (call, method) => await modelInfer(call, method, intake) }
  }
}

async function receiveModel (call: Call, method: Method): Promise<ModelMessage> {
  return method.decode(await call.receive()) as ModelMessage
}

/** A model that is not here is not ready. */
function isReady ({ model, notReadyReason }: Slot, { name, version }: ModelMessage): boolean {
  return notReadyReason === undefined && model?.name === name && (version === '' || version === model.version)
}
