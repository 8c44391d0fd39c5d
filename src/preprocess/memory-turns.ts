interface Waiter {
  readonly bytes: number
  readonly grant: () => void
}

/**
 * Memory that what is decoded at the same time shares. Whoever comes first has it first: a large image waits until there is
 * room, and none that comes later goes ahead of it.
 */
export class MemoryTurns {
  private taken = 0
  private readonly waiting = new Set<Waiter>()

  constructor (readonly size: number) {}

  /**
   * Takes so many bytes, at most `size`, as soon as they are left; resolves with what gives them back, once. Rejects with the
   * signal's reason when it is aborted before.
   */
  async take (bytes: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.waiting.size === 0 && this.taken + bytes <= this.size) this.taken += bytes
    else await this.turn(bytes, signal)
    return () => {
      this.taken -= bytes
      this.serve()
    }
  }

  private async turn (bytes: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.waiting.delete(waiter)
        this.serve()
        reject(signal?.reason)
      }
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        }
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.waiting.add(waiter)
      this.serve()
    })
  }

  private serve (): void {
    for (const waiter of this.waiting) {
      if (this.taken + waiter.bytes > this.size) return
      this.waiting.delete(waiter)
      this.taken += waiter.bytes
      waiter.grant()
    }
  }
}
