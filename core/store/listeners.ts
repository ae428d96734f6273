type Listener = (version: number) => void | Promise<void>

/** Those who want to hear of changes. */
export class Listeners {
  readonly #listeners = new Set<{ readonly listener: Listener }>()
  #told: number
  #telling: Promise<unknown> = Promise.resolve()

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
    this.#telling = Promise.all(
      [...this.#listeners].map(({ listener }) => notify(listener, version)),
    )
  }
}

/** A listener's fault is nobody's to handle here, and must not be lost. */
async function notify(listener: Listener, version: number): Promise<void> {
  try {
    await listener(version)
  } catch (error) {
    setImmediate(() => {
      throw error
    })
  }
}
