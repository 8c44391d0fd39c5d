/**
 * What waits, each for a client. Clients take turns, so that one who has much waiting does not hold up another; what one
 * client has waiting keeps its order. Every operation takes constant time.
 */
export class FairQueue<T extends object> {
  private readonly clients = new Map<T, string>()
  /** In the order of their turns: the first is next. */
  private readonly waiting = new Map<string, Set<T>>()

  get size (): number {
    return this.clients.size
  }

  /** What came first of all, whose turn it may not be; undefined if nothing waits. */
  get oldest (): T | undefined {
    return this.clients.keys().next().value
  }

  add (item: T, client: string): void {
    this.clients.set(item, client)
    const own = this.waiting.get(client)
    if (own === undefined) this.waiting.set(client, new Set([item]))
    else own.add(item)
  }

  /** Takes out what waits no longer; false if it did not wait. */
  delete (item: T): boolean {
    const client = this.clients.get(item)
    if (client === undefined) return false
    this.clients.delete(item)
    const own = this.waiting.get(client)
    own?.delete(item)
    if (own?.size === 0) this.waiting.delete(client)
    return true
  }

  /**
   * Takes out what is next, of the first client in turn that `mayGo`; undefined if there is none. The client's turn comes
   * again after those of all others.
   */
  take (mayGo: (client: string, next: T) => boolean = () => true): T | undefined {
    for (const [client, own] of this.waiting) {
      const [next] = own
      if (next === undefined || !mayGo(client, next)) continue
      this.delete(next)
      if (own.size > 0) {
        this.waiting.delete(client)
        this.waiting.set(client, own)
      }
      return next
    }
    return undefined
  }
}
