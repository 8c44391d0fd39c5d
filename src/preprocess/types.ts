/** What an upload may cost. */
export interface ImageLimits {
  /** Largest accepted upload, in bytes. */
  maxImageBytes: number
  /** Largest accepted image, width times height, read from its header. */
  maxImagePixels: number
}
