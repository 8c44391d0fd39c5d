import type { PictureOptions } from './open-pictures.js'

export interface HeadOptions extends PictureOptions {
  /** Folder of the package to write. */
  readonly out: string
  /** Variants of each picture that is fitted to. */
  readonly augment: number
  readonly balanced: boolean
  /** Parts of the cross-validation. */
  readonly folds: number
  /** Whether the head that is kept is fitted to all pictures, once the splits have judged one that was fitted to the first. */
  readonly refit: boolean
}
