import { Worker } from 'node:worker_threads'
import type { RingPacket } from '#netns/packets/packet-ring.ts'
import type { Frame } from './pcap.ts'
import type { RingAnswer, RingMessage } from './ring-messages.ts'

/** A ring that the thread empties. */
export interface ThreadRing extends AsyncDisposable {
  /** Whatever has crossed the interface until now and was not taken before, and how many packets were dropped so far. */
  take(): Promise<{ readonly frames: readonly Frame[]; readonly dropped: number }>
}

/**
 * Gives a socket of packets, with its descriptor, to the one thread of this process that empties rings; it runs from the
 * first on. Between rings it sleeps, and keeps no process from ending.
 */
export async function openThreadRing(fd: number): Promise<ThreadRing> {
  const thread = RingThread.use()
  const ring = thread.nextRing()
  try {
    await thread.ask({ kind: 'open', ring, fd })
  } catch (error) {
    await thread.leave()
    throw error
  }
  let closed = false
  return {
    async take() {
      const answer = await thread.ask({ kind: 'take', ring })
      if (answer.kind !== 'packets') throw new Error(`the thread answered with "${answer.kind}"`)
      return { frames: answer.packets.map(toFrame), dropped: answer.dropped }
    },
    async [Symbol.asyncDispose]() {
      if (closed) return
      closed = true
      try {
        await thread.ask({ kind: 'close', ring })
      } finally {
        await thread.leave()
      }
    },
  }
}

function toFrame({ seconds, nanoseconds, originalLength, bytes }: RingPacket): Frame {
  return {
    atMs: seconds * 1_000 + nanoseconds / 1e6,
    atNs: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds),
    originalLength,
    bytes,
  }
}

class RingThread {
  static #running: RingThread | undefined
  readonly #worker = new Worker(new URL('ring-worker.ts', import.meta.url))
  readonly #waiting: PromiseWithResolvers<RingAnswer>[] = []
  #fault: Error | undefined
  #users = 0
  #rings = 0

  private constructor() {
    this.#worker.unref()
    this.#worker.on('message', (answer: RingAnswer) => {
      const waiting = this.#waiting.shift()
      if (answer.kind === 'failed') waiting?.reject(answer.error)
      else waiting?.resolve(answer)
    })
    this.#worker.on('error', (error) => {
      this.#fault = error instanceof Error ? error : new Error(String(error))
      for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
    })
  }

  /** Ends with as many `leave`s if it failed. */
  static use(): RingThread {
    this.#running ??= new RingThread()
    this.#running.#users += 1
    return this.#running
  }

  nextRing(): number {
    this.#rings += 1
    return this.#rings
  }

  async ask(message: RingMessage): Promise<RingAnswer> {
    if (this.#fault !== undefined) throw this.#fault
    const waiting = Promise.withResolvers<RingAnswer>()
    this.#waiting.push(waiting)
    this.#worker.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(message)
    try {
      return await waiting.promise
    } finally {
      if (this.#waiting.length === 0) this.#worker.unref()
    }
  }

  async leave(): Promise<void> {
    this.#users -= 1
    if (this.#users > 0 || this.#fault === undefined) return
    RingThread.#running = undefined
    this.#worker.ref()
    await this.#worker.terminate()
  }
}
