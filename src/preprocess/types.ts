/** What an upload may cost. */
export interface ImageLimits {
  /** Largest accepted upload, in bytes. */
  maxImageBytes: number
  /** Largest accepted image, width times height, read from its header. */
  maxImagePixels: number
}

/** What becomes of a picture: bytes, or float32 where its input states a rescaling. */
export type Pixels = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>
