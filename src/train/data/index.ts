export { isBetweenSplits, isContradictory } from './duplicates.js'
export { openDataset, type DatasetOptions } from './open.js'
export { foldsOf } from './split.js'
export { SPLITS, type Dataset, type Duplicates, type Sample, type Shares, type Split, type Unreadable } from './types.js'
