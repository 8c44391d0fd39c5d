import { getSystemErrorName } from 'node:util'
import { addon } from './addon.js'

/** The wait for a service manager that takes nothing at the moment, as while the machine starts. */
const RETRY_MS = 100
const TAKES_NOTHING = 'EAGAIN'

export interface ServiceManagerOptions {
  /** Told, once, what the system says where messages do not arrive. */
  readonly onFailure: (code: string) => void
}

/**
 * Who started this process and wants to be told how it fares, as systemd does with `Type=notify`: see sd_notify(3). Without
 * NOTIFY_SOCKET nobody does, and nothing is said.
 */
export class ServiceManager {
  private readonly unsent: string[] = []
  private timer: NodeJS.Timeout | undefined
  private hasFailed = false
  private reloads = 0

  constructor (
    private readonly address: string | undefined, private readonly watchdogMs: number, private readonly options: ServiceManagerOptions
  ) {}

  /** The one that the environment names. Its variables are taken out, since they are not meant for this process's children. */
  static of (env: NodeJS.ProcessEnv, options: ServiceManagerOptions): ServiceManager {
    const { NOTIFY_SOCKET: address, WATCHDOG_USEC: microseconds, WATCHDOG_PID: watched } = env
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
    const isWatched = /^[1-9]\d*$/.test(microseconds ?? '') && (watched === undefined || watched === String(process.pid))
    return new ServiceManager(address === '' ? undefined : address, isWatched ? Number(microseconds) / 1000 : Infinity, options)
  }

  /** It serves; from now on, `check` is asked twice in the manager's patience, and the manager is told as long as it resolves. */
  ready (check: () => Promise<void>): void {
    this.tell('READY=1')
    if (this.address === undefined || this.watchdogMs === Infinity) return
    let isChecking = false
    setInterval(() => {
      if (isChecking) return
      isChecking = true
      // Why it is not well is for those to say who know more; here it is what is not said that counts.
      check().then(() => { this.tell('WATCHDOG=1') }, () => {}).finally(() => { isChecking = false })
    }, this.watchdogMs / 2).unref()
  }

  /** While `work` runs, which settles however the reload ends. */
  async reloading (work: () => Promise<void>): Promise<void> {
    this.reloads++
    this.tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
    try {
      await work()
    } finally {
      this.reloads--
      if (this.reloads === 0) this.tell('READY=1')
    }
  }

  stopping (): void {
    this.tell('STOPPING=1')
  }

  private tell (message: string): void {
    if (this.address === undefined) return
    this.unsent.push(message)
    if (this.timer === undefined) this.send(this.address)
  }

  private send (address: string): void {
    this.timer = undefined
    for (let [message] = this.unsent; message !== undefined; [message] = this.unsent) {
      const number = addon().sendDatagram(address, message)
      const problem = number === 0 ? undefined : getSystemErrorName(-number)
      if (problem === TAKES_NOTHING) {
        this.timer = setTimeout(() => { this.send(address) }, RETRY_MS).unref()
        return
      }
      this.unsent.shift()
      if (problem !== undefined) this.fail(problem)
    }
  }

  private fail (code: string): void {
    if (!this.hasFailed) this.options.onFailure(code)
    this.hasFailed = true
  }
}
