import { setImmediate, setTimeout } from 'node:timers/promises'

type Listener = (version: number) => void | Promise<void>

/** Those who want to hear of changes. */
export class Listeners {
  readonly #listeners = new Set<{ readonly listener: Listener }>()
  #told: number
  #telling: Promise<void> = Promise.resolve()
  /** The telling that has not begun: it will tell of everything up to then. */
  #next: Promise<void> | undefined
  /** How long the last telling took. */
  #lastMs = 0

  constructor(version: number) {
    this.#told = version
  }

  add(listener: Listener): Disposable {
    const entry = { listener }
    this.#listeners.add(entry)
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) }
  }

  /** Tells everybody of a version, once; resolves when all have taken notice of it or of a later one. */
  async tell(version: number): Promise<void> {
    if (version > this.#told) this.#tellAll(version)
    await this.#telling
  }

  /** Tells everybody of another version than the last, also of a lower one: that of a database put in place of ours. */
  async tellAnew(version: number): Promise<void> {
    if (version !== this.#told) this.#tellAll(version)
    await this.#telling
  }

  clear(): void {
    this.#listeners.clear()
  }

  #tellAll(version: number): void {
    this.#told = version
    this.#telling = this.#next ??= this.#tellSoon()
  }

  async #tellSoon(): Promise<void> {
    await letOthersCome(this.#lastMs)
    this.#next = undefined
    const version = this.#told
    const start = performance.now()
    await Promise.all([...this.#listeners].map(({ listener }) => notify(listener, version)))
    this.#lastMs = performance.now() - start
  }
}

/**
 * To take notice of a change may take long, so that those who want to make further ones go first: all are told as one.
 * The wait is short beside what it saves.
 */
async function letOthersCome(lastMs: number): Promise<void> {
  const waitMs = Math.min(lastMs / 4, 50)
  if (waitMs < 1) await setImmediate()
  else await setTimeout(waitMs)
}

/** A listener's fault is nobody's to handle here, and must not be lost. */
async function notify(listener: Listener, version: number): Promise<void> {
  try {
    await listener(version)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
