import { queueFull } from '../base/sentences.js'
import { onAbort } from '../base/aborts.js'
import { FairQueue } from '../base/fair-queue.js'

/**
 * A client may hold as many places as this times those that are free. Whoever floods is so left with 8/9 of the queue, two
 * who flood with 8/17 each, and others find a place; with a fixed share, much of the queue would stay empty under one client.
 * (Choudhury and Hahne, Dynamic queue length thresholds, 1998.)
 */
const SHARE_OF_FREE = 8

/** One place in the queue. */
export interface Place {
  readonly client: string
  /** Gives the place back; more than once changes nothing. */
  release (): void
}

interface Waiter {
  grant (place: Place): void
}

/** The places of the queue, each for one image; they go round by client. */
export class Places {
  private held = 0
  private readonly heldBy = new Map<string, number>()
  private readonly waiting = new FairQueue<Waiter>()

  constructor (
    readonly size: number,
    private readonly onChange: (by: number) => void = () => {},
    private readonly retryAfterSeconds: () => number = () => 1
  ) {}

  /** Places that are taken. */
  get taken (): number {
    return this.held
  }

  /** Images that wait for a place. */
  get wanted (): number {
    return this.waiting.size
  }

  /** A place now. Throws a ServiceError `queue_full` if there is none for this client. */
  take (client: string): Place {
    if (!this.hasRoomFor(client)) throw queueFull(this.size, this.retryAfterSeconds())
    return this.place(client)
  }

  /**
   * A place as soon as there is one, which is before a request that comes later gets one. Rejects with the signal's reason
   * when it is aborted.
   */
  async wait (client: string, signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted()
    return await new Promise((resolve, reject) => {
      const abort = (): void => {
        this.waiting.delete(waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        grant: (place) => {
          ignore()
          resolve(place)
        }
      }
      const ignore = onAbort(signal, abort)
      this.waiting.add(waiter, client)
      this.serve()
    })
  }

  private hasRoomFor (client: string): boolean {
    return (this.heldBy.get(client) ?? 0) < SHARE_OF_FREE * (this.size - this.held)
  }

  private serve (): void {
    while (this.held < this.size) {
      let owner = ''
      const waiter = this.waiting.take((client) => {
        owner = client
        return this.hasRoomFor(client)
      })
      if (waiter === undefined) return
      waiter.grant(this.place(owner))
    }
  }

  private place (client: string): Place {
    this.change(client, 1)
    let isHeld = true
    return {
      client,
      release: () => {
        if (!isHeld) return
        isHeld = false
        this.change(client, -1)
        this.serve()
      }
    }
  }

  private change (client: string, by: number): void {
    this.held += by
    const own = (this.heldBy.get(client) ?? 0) + by
    if (own === 0) this.heldBy.delete(client)
    else this.heldBy.set(client, own)
    this.onChange(by)
  }
}
