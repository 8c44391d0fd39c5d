import type { Split } from './types.js'

/** Words that name a split, as published datasets have them. */
const SPLIT_WORDS: Readonly<Record<string, Split | 'unclear'>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
  trainval: 'unclear',
  eval: 'unclear',
  evaluation: 'unclear',
  holdout: 'unclear'
}
const NEUTRAL = '(?:sets?|data|datasets?|images?|imgs?|pictures?|pics?|photos?|splits?|folders?|dirs?|files?|samples?|examples?)'
const NEUTRAL_WORD = new RegExp(`^${NEUTRAL}$`)
/** `trainset`, `testdata`: a word of splits with neutral ones, without anything between. */
const JOINED = new RegExp(`^(${Object.keys(SPLIT_WORDS).join('|')})${NEUTRAL}+$`)
const WORD = /\p{L}[\p{L}\p{M}]*|\d+/gu
const CAMEL = /(\p{Ll})(?=\p{Lu})/gu

/** What a folder's name says about splits. */
export interface SplitName {
  /** `unclear` where it has the words of several, or one that may mean several. */
  readonly split: Split | 'unclear'
  /** Its other words, but for numbers and those that say nothing, such as `images` and `set`; empty for a usual name. */
  readonly rest: string
}

/** Reads `train`, `Training`, `test_images`, `train2017`, `ValidationSet` and `seg_test`; undefined for a name without a word of splits. */
export function readSplitName (name: string): SplitName | undefined {
  const words = (name.replace(CAMEL, '$1 ').toLowerCase().match(WORD) ?? []).map((word) => JOINED.exec(word)?.[1] ?? word)
    .filter((word) => !NEUTRAL_WORD.test(word))
  const splits = new Set(words.flatMap((word) => Object.hasOwn(SPLIT_WORDS, word) ? SPLIT_WORDS[word] ?? [] : []))
  const [split, another] = splits
  if (split === undefined) return undefined
  const rest = words.filter((word) => !Object.hasOwn(SPLIT_WORDS, word) && !/^\d/.test(word))
  return { split: another === undefined ? split : 'unclear', rest: rest.join(' ') }
}
