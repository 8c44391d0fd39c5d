import type { ChildProcess } from 'node:child_process'
import { endNow, endWithThis } from '../../verify/harness/end-with-this.js'
import type { Ending } from './ending.js'

/** A process that a test has started: it ends with the test however that goes, and with the test's process. */
export function childOf<T extends ChildProcess> (t: Ending, child: T): T {
  endWithThis(child)
  t.after(() => { endNow(child) })
  return child
}
