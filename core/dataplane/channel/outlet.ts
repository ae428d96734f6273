import type { Socket } from 'node:net'
import { Slabs } from './slabs.ts'

export interface OutletEvents {
  /** Everything was handed to the kernel after `write` had returned false. */
  onDrain(): void
  /** A write failed; all later ones are thrown away. Called after each write that is over from then on. */
  onFault(fault: Error): void
}

/**
 * The way out of a socket. It copies what it is given, and keeps a failed write from destroying the socket, because
 * there may be something left to read.
 */
export class Outlet {
  readonly #socket: Socket
  readonly #events: OutletEvents
  readonly #inFlight: Outgoing[] = []
  #takenBytes = 0
  #queuedBytes = 0
  #wantsDrain = false
  #fault: Error | undefined

  constructor(socket: Socket, events: OutletEvents) {
    this.#socket = socket
    this.#events = events
    const write = socket._write.bind(socket)
    const writev = socket._writev!.bind(socket)
    socket._write = (chunk, encoding, done) => {
      if (this.#fault !== undefined) return this.#wrote(1, undefined, done)
      write(chunk, encoding, (error) => this.#wrote(1, error, done))
    }
    socket._writev = (chunks, done) => {
      const count = chunks.length
      if (this.#fault !== undefined) return this.#wrote(count, undefined, done)
      writev(chunks, (error) => this.#wrote(count, error, done))
    }
  }

  get fault(): Error | undefined {
    return this.#fault
  }

  /** Taken, but not handed to the kernel yet. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get writtenBytes(): number {
    return this.#takenBytes - this.#queuedBytes
  }

  /** False = the peer is slow: stop until `onDrain`. */
  write(bytes: Uint8Array): boolean {
    const length = bytes.length
    if (length === 0 || this.#fault !== undefined || !this.#socket.writable) return true
    const slab = slabs.take(length)
    slab.set(bytes)
    this.#takenBytes += length
    this.#queuedBytes += length
    this.#inFlight.push({ slab, length })
    this.#socket.write(slab.length === length ? slab : slab.subarray(0, length))
    if (this.#queuedBytes <= slowAboveBytes) return true
    this.#wantsDrain = true
    return false
  }

  /** Leaves the socket as it was. Only before anything was written. */
  release(): void {
    Reflect.deleteProperty(this.#socket, '_write')
    Reflect.deleteProperty(this.#socket, '_writev')
  }

  #wrote(count: number, error: Error | null | undefined, done: () => void): void {
    for (let index = 0; index < count; index++) {
      const { slab, length } = this.#inFlight.shift()!
      this.#queuedBytes -= length
      slabs.give(slab)
    }
    this.#fault ??= error ?? undefined
    done()
    if (this.#wantsDrain && this.#queuedBytes === 0) {
      this.#wantsDrain = false
      this.#events.onDrain()
    }
    if (this.#fault !== undefined) this.#events.onFault(this.#fault)
  }
}

interface Outgoing {
  readonly slab: Buffer
  readonly length: number
}

const slabs = new Slabs()
const slowAboveBytes = 64 * 1024
