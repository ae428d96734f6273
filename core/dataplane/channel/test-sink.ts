import type { Channel, Sink } from './channel.ts'

/** Keeps all that a channel delivers, as events in order, and lets a test wait for what is to come. */
export class TestSink implements Sink {
  readonly events: string[] = []
  fault: Error | undefined
  readonly #chunks: Buffer[] = []
  readonly #waiting = new Set<() => void>()

  static open(channel: Channel): TestSink {
    const sink = new TestSink()
    channel.open(sink)
    return sink
  }

  onBytes(bytes: Uint8Array): void {
    this.#chunks.push(Buffer.from(bytes))
    this.#note('bytes')
  }

  onEnd(): void {
    this.#note('end')
  }

  onDrain(): void {
    this.#note('drain')
  }

  onClosed(fault: Error | undefined): void {
    this.fault = fault
    this.#note('closed')
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.received.toString()
  }

  /** The events without repetitions of the one before. */
  get course(): string {
    return this.events.filter((event, at) => event !== this.events[at - 1]).join(' ')
  }

  heard(event: string): boolean {
    return this.events.includes(event)
  }

  hears(event: string): Promise<void> {
    return this.until(() => this.heard(event))
  }

  /** Waits until a condition holds; it is looked at after each event. The test's own time-out ends a vain wait. */
  until(condition: (sink: this) => boolean): Promise<void> {
    if (condition(this)) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (!condition(this)) return
      this.#waiting.delete(look)
      resolve()
    }
    this.#waiting.add(look)
    return promise
  }

  #note(event: string): void {
    this.events.push(event)
    for (const look of this.#waiting) look()
  }
}
