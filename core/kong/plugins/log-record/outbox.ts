import { messageOf } from '#core/base/errors.ts'
import type { LogLevel } from '#core/base/log.ts'
import { sparsely } from './sparsely.ts'

export interface OutboxOptions {
  /** Begins the log lines: `http-log`. */
  readonly name: string
  /** Takes entries to their destination, in order; rejects when it cannot. One call at a time, unless one was given up. */
  readonly deliver: (entries: readonly string[], signal: AbortSignal) => Promise<void>
  /** Gives up connections and the like; more entries can follow. */
  readonly release: () => void | Promise<void>
  readonly log: (level: LogLevel, message: string) => void
  /** Most entries in one delivery; default no limit. */
  readonly batchSize?: number
  /** How long an incomplete batch waits for more; default 0. */
  readonly flushAfterMs?: number
  /** Further attempts after the first, with pauses that double from 1 s to 60 s; default 0. */
  readonly retries?: number
  /** Entries that wait may have this many characters before further ones are dropped; default 16 Mi. */
  readonly maxWaiting?: number
  /** How long the rest may take once it is retired; default 5 s. */
  readonly closingMs?: number
}

/**
 * Passes entries on without making anybody wait. What it cannot keep or deliver it drops, and says so in the log.
 * Once retired it sends at once what it has and holds nothing open; what comes still later is sent likewise.
 */
export class Outbox implements AsyncDisposable {
  readonly #options: Required<OutboxOptions>
  readonly #tell: (message: string) => void
  readonly #tellFailure: (message: string) => void
  readonly #tellDrop: (message: string) => void
  #waiting: string[] = []
  #waitingSize = 0
  #flush: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #retired = false
  /** Aborted when a retired outbox has tried for long enough. */
  #patience = new AbortController()
  #patienceEnd: NodeJS.Timeout | undefined
  /** Ends the pause before the next attempt. */
  #hurry: (() => void) | undefined

  constructor(options: OutboxOptions) {
    this.#options = { ...defaults, ...options }
    this.#tell = (message) => options.log('error', `[${options.name}] ${message}`)
    this.#tellFailure = sparsely(this.#tell)
    this.#tellDrop = sparsely(this.#tell)
  }

  add(entry: string): void {
    if (this.#waitingSize + entry.length > this.#options.maxWaiting) {
      this.#tellDrop('dropped a record: the destination does not take those before it')
      return
    }
    this.#waiting.push(entry)
    this.#waitingSize += entry.length
    if (this.#running === undefined) this.#schedule()
  }

  /** Resolves when nothing is left, at most `closingMs` later. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#retired = true
    if (this.#running === undefined) this.#start()
    else this.#limitPatience()
    this.#hurry?.()
    // oxlint-disable-next-line no-await-in-loop -- what comes while it ends is sent as well
    while (this.#running !== undefined) await this.#running
  }

  #schedule(): void {
    if (this.#isDue()) this.#start()
    else this.#flush ??= setTimeout(() => this.#start(), this.#options.flushAfterMs)
  }

  #isDue(): boolean {
    const { batchSize, flushAfterMs } = this.#options
    return this.#waiting.length >= batchSize || flushAfterMs === 0 || this.#retired
  }

  #start(): void {
    clearTimeout(this.#flush)
    this.#flush = undefined
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    this.#patience = new AbortController()
    const { signal } = this.#patience
    if (this.#retired) this.#limitPatience()
    do {
      const batch = this.#waiting.splice(0, this.#options.batchSize)
      // oxlint-disable-next-line no-await-in-loop -- entries go out in order
      if (batch.length > 0) await this.#send(batch, signal)
      for (const entry of batch) this.#waitingSize -= entry.length
    } while (this.#waiting.length > 0 && this.#isDue())
    if (this.#retired) await this.#release(signal)
    clearTimeout(this.#patienceEnd)
    this.#patienceEnd = undefined
    this.#running = undefined
    if (this.#waiting.length > 0) this.#schedule()
  }

  async #send(batch: readonly string[], signal: AbortSignal): Promise<void> {
    const { deliver, retries } = this.#options
    for (let failures = 1; ; failures += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- attempts follow each other
        await unlessAborted(() => deliver(batch, signal), signal)
        return
      } catch (error) {
        const reason = messageOf(error)
        if (signal.aborted) {
          this.#tell(`dropped ${batch.length + this.#waiting.length} record(s): ${reason}`)
          this.#waiting = []
          this.#waitingSize = batch.reduce((size, entry) => size + entry.length, 0)
          return
        }
        if (failures > retries) {
          this.#tellDrop(`dropped ${batch.length} record(s) at attempt ${failures}: ${reason}`)
          return
        }
        this.#tellFailure(`will try again: ${reason}`)
      }
      // oxlint-disable-next-line no-await-in-loop -- attempts follow each other
      await this.#pause(failures)
    }
  }

  async #pause(failures: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const ms = this.#retired ? 100 : Math.min(2 ** (failures - 1), 60) * 1000
    const timer = setTimeout(resolve, ms)
    this.#hurry = resolve
    await promise
    clearTimeout(timer)
    this.#hurry = undefined
  }

  #limitPatience(): void {
    const patience = this.#patience
    this.#patienceEnd ??= setTimeout(
      () => patience.abort(new Error('there is no more time, because the plugin has ended')),
      this.#options.closingMs,
    )
  }

  async #release(signal: AbortSignal): Promise<void> {
    try {
      await unlessAborted(async () => this.#options.release(), signal)
    } catch (error) {
      this.#tellFailure(messageOf(error))
    }
  }
}

/** Not everything that can be started can be stopped: a look-up of a name, for one. */
async function unlessAborted(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([work(), promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

const defaults = {
  batchSize: Infinity,
  flushAfterMs: 0,
  retries: 0,
  maxWaiting: 16 * 1024 * 1024,
  closingMs: 5000,
}
