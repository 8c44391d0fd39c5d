/** How the pixels of an upload become the network's input; part of a model package's `model.json`. */
export interface InputSpec {
  /** Side of the square input in pixels. */
  size: number
  /** `crop`: the shorter side is resized to size / cropFraction, then the centre is cut out. `fill`: squeezed to the square. */
  fit: 'crop' | 'fill'
  /** Share of the resized shorter side that the central crop keeps, in (0, 1]. Used by `crop` only. */
  cropFraction: number
  /** Resampling kernel. */
  kernel: 'nearest' | 'linear' | 'cubic' | 'lanczos3'
}

/** What an upload may cost. */
export interface ImageLimits {
  /** Largest accepted upload, in bytes. */
  maxImageBytes: number
  /** Largest accepted image, width times height, read from its header. */
  maxImagePixels: number
}
