import { startOnnxRuntime } from '../engines/onnxruntime.js'
import { servePeer } from './handler.js'

await servePeer(startOnnxRuntime, 'onnxruntime-node')
