import type { Contestant } from '../engines/engine.js'
import { ONNX_RUNTIME_PEER, litServePeer, ownServers, STOCK_PEER } from '../http/servers.js'
import type { EngineResult } from '../measurements/engine-times.js'
import { SATURATION_CONNECTIONS, type HttpFigure, type HttpResult } from '../measurements/http.js'
import type { Table } from '../../verify/table.js'

/** One engine in one precision by the name that a newcomer knows it by, and the servers on it, of which the fastest is shown. */
interface Row {
  readonly name: string
  readonly engine: Contestant['engine']
  readonly servers: readonly string[]
}

/** Each precision is beside the strongest that computes in it. */
const PRECISIONS: ReadonlyArray<{ readonly precision: Contestant['precision'], readonly rows: readonly Row[] }> = [
  {
    precision: 'int8',
    rows: [
      { name: 'this service', engine: 'ours', servers: [] },
      { name: 'OpenVINO', engine: 'openvino', servers: [] },
      { name: 'ONNX Runtime', engine: 'onnxruntime', servers: [] }
    ]
  },
  {
    precision: 'bfloat16',
    rows: [
      { name: 'this service', engine: 'ours', servers: ownServers('bfloat16') },
      { name: 'OpenVINO, in LitServe', engine: 'openvino', servers: litServes('bfloat16') }
    ]
  },
  {
    precision: 'float32',
    rows: [
      { name: 'this service', engine: 'ours', servers: ownServers('float32') },
      { name: 'OpenVINO, in LitServe', engine: 'openvino', servers: litServes('float32') },
      { name: 'onnxruntime-node', engine: 'onnxruntime-node', servers: [ONNX_RUNTIME_PEER] },
      { name: 'tfjs-node on the same TensorFlow', engine: 'tfjs-node', servers: [STOCK_PEER] }
    ]
  }
]

function litServes (precision: 'float32' | 'bfloat16'): readonly string[] {
  return [litServePeer(precision, 'oneWorker'), litServePeer(precision, 'workerPerThread')]
}

/** What the README shows: time an image, and under load the rate and the wait of a health check. Who was not measured has no row. */
export function speedTable (engine: EngineResult, http: HttpResult): Table {
  return {
    header: [
      '', 'precision', 'time, batch 1', 'time, batch 8', `images/s, ${SATURATION_CONNECTIONS} connections`, '`/livez` p99 meanwhile, ms'
    ],
    rows: PRECISIONS.flatMap(({ precision, rows }) => rows.flatMap((row) => {
      const own = engine.figures.filter((figure) => figure.engine === row.engine && figure.precision === precision)
      const times = [1, 8].map((batchSize) => own.find((figure) => figure.batchSize === batchSize)?.toOnnxRuntime.median.toFixed(2) ?? '')
      return own.length === 0 ? [] : [[row.name, precision, ...times, ...loadCells(fastest(row, http))]]
    }))
  }
}

function fastest ({ servers }: Row, { figures }: HttpResult): HttpFigure | undefined {
  const loads = figures.filter(({ server, connections }) => servers.includes(server) && connections === SATURATION_CONNECTIONS)
  return loads.sort((left, right) => right.imagesPerSecond.median - left.imagesPerSecond.median)[0]
}

function loadCells (load: HttpFigure | undefined): readonly string[] {
  return load === undefined ? ['', ''] : [load.toOnnxRuntimePeer.median.toFixed(2), load.livezP99.median.toFixed(0)]
}
