import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contestant, TrainingTask } from './contestant.js'

const PROCESS = fileURLToPath(new URL('./stock-process.js', import.meta.url))

/** tfjs-node as its documentation shows it, op by op, on the TensorFlow that the service uses. */
export async function startStock (task: TrainingTask): Promise<Contestant> {
  const child = fork(PROCESS, { serialization: 'advanced' })
  const ask = async (message: TrainingTask | number): Promise<unknown> => {
    const ended = new AbortController()
    const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
      throw new Error(`stock tfjs-node ended with ${String(code)}`)
    })
    exit.catch(() => {})
    const answer = once(child, 'message', { signal: ended.signal })
    child.send(message)
    try {
      const [reply] = await Promise.race([answer, exit]) as [unknown]
      return reply
    } finally {
      ended.abort()
    }
  }
  const version = await ask(task) as string
  return {
    name: 'tfjs-node',
    precision: 'float32',
    version,
    step: async (count) => await ask(count) as number[],
    close: async () => {
      const exit = once(child, 'exit')
      child.disconnect()
      await exit
    }
  }
}
