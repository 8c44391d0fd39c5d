/** Runs `work` on up to `concurrency` items at a time and yields the results in the items' order. */
export async function * inOrder<T, R> (items: Iterable<T>, concurrency: number, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const pending: Array<Promise<R>> = []
  for (const item of items) {
    pending.push(work(item))
    const first = pending.length === concurrency ? pending.shift() : undefined
    if (first !== undefined) yield await first
  }
  for (const result of pending) yield await result
}
