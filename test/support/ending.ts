import { after } from 'node:test'

/** A test, or what else ends and is cleaned up after. */
export interface Ending {
  after (cleanUp: () => void | Promise<void>): void
}

/** The file or suite whose body calls this: for its hooks, in which Node's `after` would be that of the hook. */
export function thisSuite (): Ending {
  const cleanUps: Array<() => void | Promise<void>> = []
  after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp()
  })
  return { after: (cleanUp) => { cleanUps.push(cleanUp) } }
}
