type Listener = (version: number) => void | Promise<void>

/** Those who want to hear of changes. */
export class Listeners {
  readonly #listeners = new Set<{ readonly listener: Listener }>()
  #told: number

  constructor(version: number) {
    this.#told = version
  }

  get size(): number {
    return this.#listeners.size
  }

  add(listener: Listener): Disposable {
    const entry = { listener }
    this.#listeners.add(entry)
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) }
  }

  /** Tells everybody of a version, once; resolves when all have taken notice. */
  async tell(version: number): Promise<void> {
    if (version <= this.#told) return
    this.#told = version
    await Promise.all([...this.#listeners].map(({ listener }) => notify(listener, version)))
  }

  clear(): void {
    this.#listeners.clear()
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
