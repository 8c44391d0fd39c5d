import type { EngineResult } from '../measurements/engine-times.js'
import { ONNX_RUNTIME_PEER, SATURATION_CONNECTIONS, STOCK_PEER, type HttpResult } from '../measurements/http.js'
import type { Table } from './table.js'

/** The contestants by the names that a newcomer knows them by. */
const CONTESTANTS = [
  { name: 'this service, bfloat16', engine: 'ours', precision: 'bfloat16', server: 'ours bfloat16' },
  { name: 'this service, float32', engine: 'ours', precision: 'float32', server: 'ours float32' },
  { name: 'onnxruntime-node, float32', engine: 'onnxruntime-node', precision: 'float32', server: ONNX_RUNTIME_PEER },
  { name: 'tfjs-node on the same TensorFlow, float32', engine: 'tfjs-node', precision: 'float32', server: STOCK_PEER }
]

/** What the README shows: time an image, and under load the rate and the wait of a health check. */
export function speedTable ({ figures }: EngineResult, http: HttpResult): Table {
  return {
    header: ['', 'time, batch 1', 'time, batch 8', `images/s, ${SATURATION_CONNECTIONS} connections`, '`/livez` p99 meanwhile, ms'],
    rows: CONTESTANTS.flatMap(({ name, engine, precision, server }) => {
      const ofEngine = figures.filter((one) => one.engine === engine && one.precision === precision)
      const time = (batchSize: number): string | undefined => {
        return ofEngine.find((one) => one.batchSize === batchSize)?.toOnnxRuntime.median.toFixed(2)
      }
      const load = http.figures.find((one) => one.server === server && one.connections === SATURATION_CONNECTIONS)
      const [single, eight] = [time(1), time(8)]
      if (single === undefined || eight === undefined || load === undefined) return []
      return [[name, single, eight, load.toOnnxRuntimePeer.median.toFixed(2), load.livezP99.median.toFixed(0)]]
    })
  }
}
