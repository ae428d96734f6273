/** Much more than a request of a test, and little for a log. */
const keptBytes = 64 * 1024

/** Keeps the beginning of what comes in. */
export class HeardText {
  readonly #parts: Buffer[] = []
  #bytes = 0

  add(data: Buffer): void {
    if (this.#bytes >= keptBytes) return
    const kept = data.subarray(0, keptBytes - this.#bytes)
    this.#parts.push(kept)
    this.#bytes += kept.length
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString()
  }
}
