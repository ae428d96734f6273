import { messageOf } from '#core/base/errors.ts'
import type { RecordType } from './dns-message.ts'
import { NameError, type Resolution } from './resolution.ts'

export interface NameCacheOptions {
  /** Looks a name up anew; `last` is the kind of records that were found last time. */
  readonly lookUp: (name: string, last: RecordType | undefined) => Promise<Resolution>
  readonly staleMs: number
  readonly notFoundMs: number
  readonly errorMs: number
  readonly now: () => number
}

interface Entry {
  known: Resolution | NameError | undefined
  /** Until then it is used without asking. */
  freshUntil: number
  /** Until then it is used while it is asked for anew. */
  usableUntil: number
  last: RecordType | undefined
  pending: Promise<Resolution> | undefined
}

/** Names that clients can make up must not fill the memory. */
const mostNames = 10_000

/** Remembers where names lead for as long as their records allow, and for a while that they lead nowhere. */
export class NameCache {
  readonly #options: NameCacheOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: NameCacheOptions) {
    this.#options = options
  }

  /**
   * Where a name leads; a promise only when that is not known yet.
   * @throws NameError, also as a rejection
   */
  get(name: string): Resolution | Promise<Resolution> {
    const now = this.#options.now()
    const entry = this.#entry(name)
    const { known } = entry
    if (known === undefined || now >= entry.usableUntil) return this.#ask(name, entry)
    if (now >= entry.freshUntil) this.#ask(name, entry).catch(() => {})
    if (known instanceof NameError) throw known
    return known
  }

  /** Unix time in ms until which an answer for this name is good; 0 = there is none. */
  freshUntil(name: string): number {
    return this.#entries.get(name)?.freshUntil ?? 0
  }

  #entry(name: string): Entry {
    const found = this.#entries.get(name)
    if (found !== undefined) return found
    if (this.#entries.size >= mostNames) {
      const [oldest] = this.#entries.keys()
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
    const entry: Entry = {
      known: undefined,
      freshUntil: 0,
      usableUntil: 0,
      last: undefined,
      pending: undefined,
    }
    this.#entries.set(name, entry)
    return entry
  }

  #ask(name: string, entry: Entry): Promise<Resolution> {
    entry.pending ??= this.#renew(name, entry).finally(() => {
      entry.pending = undefined
    })
    return entry.pending
  }

  async #renew(name: string, entry: Entry): Promise<Resolution> {
    const { lookUp, now, staleMs, notFoundMs, errorMs } = this.#options
    try {
      const found = await lookUp(name, entry.last)
      const freshUntil = now() + found.ttlMs
      const usableUntil = freshUntil + staleMs
      Object.assign(entry, { known: found, last: found.kind, freshUntil, usableUntil })
      return found
    } catch (error) {
      const fault =
        error instanceof NameError
          ? error
          : new NameError('failed', messageOf(error), { cause: error })
      const failed = fault.kind === 'failed'
      const until = now() + (failed ? errorMs : notFoundMs)
      const stale = entry.known instanceof NameError ? undefined : entry.known
      if (failed && stale !== undefined && now() < entry.usableUntil) {
        // An old answer is better than none; it is asked for again after a pause.
        entry.freshUntil = until
        return stale
      }
      Object.assign(entry, { known: fault, freshUntil: until, usableUntil: until })
      throw fault
    }
  }
}
