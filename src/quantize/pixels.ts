/** A picture as the network reads it: side x side x channels bytes. */
export type Pixels = Uint8Array<ArrayBuffer>
