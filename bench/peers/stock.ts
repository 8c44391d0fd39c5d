import { startStock } from '../engines/stock.js'
import { servePeer } from './handler.js'

await servePeer(startStock, 'tfjs-node')
