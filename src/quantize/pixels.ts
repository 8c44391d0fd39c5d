import type { EngineImage } from '../engine/protocol.js'

/** A picture as the network reads it; all pictures of a model are of one kind. */
export type Pixels = EngineImage
