/**
 * Memory for bytes on their way out. A write that the kernel takes at once gives its slab back at once, so a busy
 * proxy copies through the same few cache-warm slabs.
 */
export class Slabs {
  readonly #small: Buffer[] = []
  readonly #large: Buffer[] = []

  /** A buffer of at least `length` bytes with unspecified content. */
  take(length: number): Buffer {
    if (length <= smallBytes) return this.#small.pop() ?? Buffer.allocUnsafeSlow(smallBytes)
    if (length <= largeBytes) return this.#large.pop() ?? Buffer.allocUnsafeSlow(largeBytes)
    return Buffer.allocUnsafeSlow(length)
  }

  give(slab: Buffer): void {
    const free = slab.length === smallBytes ? this.#small : this.#large
    if (slab.length <= largeBytes && free.length < keptPerSize) free.push(slab)
  }
}

const smallBytes = 16 * 1024
const largeBytes = 256 * 1024
const keptPerSize = 16
