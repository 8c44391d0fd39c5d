/*
 * All of typebox that the program uses, from here only: it is 680 modules, which took a third of the time of each start. The set-up puts
 * them into this one's output (scripts/setup/build.mjs).
 */
export type * from 'typebox'
export { Type } from 'typebox'
export { Compile, type Validator } from 'typebox/compile'
export { Settings } from 'typebox/system'
export { Value } from 'typebox/value'
