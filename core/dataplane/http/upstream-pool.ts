import type { Channel, Sink } from '#core/dataplane/channel/channel.ts'

/** nginx's default for `keepalive_timeout` of upstreams. */
const defaultIdleTimeoutMs = 60_000

/**
 * Idle connections to upstreams, to be used again. One that the upstream ends, or on which it speaks unasked, is
 * dropped at once.
 */
export class UpstreamPool implements Disposable {
  readonly #byKey = new Map<string, IdleChannel[]>()
  /** All of them, the one that waits longest first. */
  readonly #byAge = new Set<IdleChannel>()
  readonly #idleTimeoutMs: number
  #sweep: NodeJS.Timeout | undefined
  #disposed = false

  constructor(options: { readonly idleTimeoutMs?: number } = {}) {
    this.#idleTimeoutMs = options.idleTimeoutMs ?? defaultIdleTimeoutMs
  }

  get size(): number {
    return this.#byAge.size
  }

  /** The connection that was used last; the caller opens a sink on it. */
  take(key: string): Channel | undefined {
    const idle = this.#byKey.get(key)?.pop()
    if (idle === undefined) return undefined
    this.#byAge.delete(idle)
    if (this.#byKey.get(key)!.length === 0) this.#byKey.delete(key)
    return idle.channel
  }

  /** Keeps a connection on which nothing is under way; beyond `maxIdle` in all, the oldest is closed. */
  give(key: string, channel: Channel, maxIdle: number): void {
    if (maxIdle === 0 || this.#disposed) return channel.close()
    const idle = new IdleChannel(channel, key, (gone) => this.#remove(gone))
    const sameKey = this.#byKey.get(key)
    if (sameKey === undefined) this.#byKey.set(key, [idle])
    else sameKey.push(idle)
    this.#byAge.add(idle)
    channel.open(idle)
    if (this.#byAge.size > maxIdle) this.#close(this.#byAge.values().next().value!)
    this.#sweep ??= this.#scheduleSweep(this.#idleTimeoutMs)
  }

  /** Closes all idle connections. */
  clear(): void {
    for (const idle of this.#byAge) this.#close(idle)
  }

  /** Closes all idle connections, and from now on each one that is given. */
  [Symbol.dispose](): void {
    this.#disposed = true
    clearTimeout(this.#sweep)
    this.clear()
  }

  #scheduleSweep(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#sweep = undefined
      const now = performance.now()
      for (const idle of this.#byAge) {
        const leftMs = idle.sinceMs + this.#idleTimeoutMs - now
        if (leftMs > 1) {
          this.#sweep = this.#scheduleSweep(leftMs)
          return
        }
        this.#close(idle)
      }
    }, afterMs).unref()
  }

  #close(idle: IdleChannel): void {
    this.#remove(idle)
    idle.channel.close()
  }

  #remove(idle: IdleChannel): void {
    if (!this.#byAge.delete(idle)) return
    const sameKey = this.#byKey.get(idle.key)!
    sameKey.splice(sameKey.indexOf(idle), 1)
    if (sameKey.length === 0) this.#byKey.delete(idle.key)
  }
}

class IdleChannel implements Sink {
  readonly channel: Channel
  readonly key: string
  readonly sinceMs = performance.now()
  readonly #onGone: (idle: IdleChannel) => void

  constructor(channel: Channel, key: string, onGone: (idle: IdleChannel) => void) {
    this.channel = channel
    this.key = key
    this.#onGone = onGone
  }

  onBytes(): void {
    this.#onGone(this)
    this.channel.reset()
  }

  onEnd(): void {
    this.#onGone(this)
    this.channel.close()
  }

  onDrain(): void {}

  onClosed(): void {
    this.#onGone(this)
  }
}
