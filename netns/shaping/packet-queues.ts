import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { makeRoom } from '#netns/make-room.ts'
import { closeDescriptor } from '#netns/native.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { bindQueue, configureQueue, NETLINK_NETFILTER } from '#netns/netlink/queue-requests.ts'
import type { Interface } from '#netns/netlink/route-requests.ts'
import {
  COUNTER_BYTES,
  LOST,
  REPEATED,
  SEEN,
  type QueueMessage,
  type QueueWorkerData,
} from './queue-messages.ts'
import { openBell, ring } from './queue-native.ts'
import { openRepeatSocket } from './repeat-socket.ts'
import type { QueueShape } from './verdicts.ts'

/** Packets that a rule put into a queue of the kernel, held back and lost as a shape says; or packets that are repeated. */
export interface PacketQueue extends AsyncDisposable {
  readonly number: number
  /** Since it was opened. */
  counted(): PacketCounts
  /** Decides from here on as it did from its first packet. */
  restart(): Promise<void>
}

/** What became of packets. */
export interface PacketCounts {
  readonly seen: number
  readonly lost: number
  readonly repeated: number
}

/** Which packets are repeated. */
export interface Repetition {
  readonly link: Interface
  /** Only those from this MAC address. */
  readonly fromMac?: string
  /** 0 to 1. */
  readonly share: number
  readonly seed: number
}

/** One thread gives the verdicts for all queues; it is started with the first one. */
export class PacketQueues implements AsyncDisposable {
  #thread: Promise<Thread> | undefined
  #next = FIRST_QUEUE

  /** Opens a queue in a namespace; nothing is in it before a rule sends packets there. */
  async open(namespace: NetworkNamespace, shape: QueueShape): Promise<PacketQueue> {
    const { thread, number } = await this.#begin()
    using opening = new DisposableStack()
    const socket = opening.use(
      namespace.run(() => new NetlinkSocket(namespace.label, NETLINK_NETFILTER)),
    )
    makeRoom(socket.fd, BUFFER_BYTES)
    // Packets that are lost one by one have to come one by one.
    const whole = shape.loss === 0 && shape.reorder === 0
    socket.transact([
      bindQueue(number),
      ...configureQueue(number, { whole, length: QUEUE_PACKETS }),
    ])
    const counters = new SharedArrayBuffer(COUNTER_BYTES)
    await thread.tell({ kind: 'open', queue: number, fd: socket.fd, shape, counters })
    return ownQueue(thread, { number, counters, owned: opening.move() })
  }

  /** Sends a share of the packets that an interface sends once more, each right behind itself. */
  async repeat(
    namespace: NetworkNamespace,
    { link, fromMac, share, seed }: Repetition,
  ): Promise<PacketQueue> {
    const { thread, number } = await this.#begin()
    using opening = new DisposableStack()
    const { fd } = opening.use(
      openRepeatSocket(namespace, link, fromMac === undefined ? {} : { fromMac }),
    )
    const counters = new SharedArrayBuffer(COUNTER_BYTES)
    await thread.tell({ kind: 'repeat', queue: number, fd, share, seed, counters })
    return ownQueue(thread, { number, counters, owned: opening.move() })
  }

  async #begin(): Promise<{ readonly thread: Thread; readonly number: number }> {
    this.#thread ??= Thread.start()
    const thread = await this.#thread
    const number = this.#next
    this.#next = number === LAST_QUEUE ? FIRST_QUEUE : number + 1
    return { thread, number }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const thread = await this.#thread
    this.#thread = undefined
    await thread?.stop()
  }
}

function ownQueue(
  thread: Thread,
  {
    number,
    counters,
    owned,
  }: {
    readonly number: number
    readonly counters: SharedArrayBuffer
    readonly owned: DisposableStack
  },
): PacketQueue {
  const counts = new Int32Array(counters)
  return {
    number,
    counted: () => ({
      seen: Atomics.load(counts, SEEN),
      lost: Atomics.load(counts, LOST),
      repeated: Atomics.load(counts, REPEATED),
    }),
    restart: () => thread.tell({ kind: 'restart', queue: number }),
    [Symbol.asyncDispose]: async () => {
      await thread.tell({ kind: 'close', queue: number })
      owned.dispose()
    },
  }
}

class Thread {
  readonly #worker: Worker
  readonly #bell: number
  #last: Promise<unknown> = Promise.resolve()
  #fault: Error | undefined

  private constructor(worker: Worker, bell: number) {
    this.#worker = worker
    this.#bell = bell
    worker.unref()
    worker.on('error', (error) => {
      this.#fault = error instanceof Error ? error : new Error(String(error))
    })
  }

  static async start(): Promise<Thread> {
    const bell = openBell()
    const workerData: QueueWorkerData = { bell }
    const worker = new Worker(new URL('queue-worker.ts', import.meta.url), { workerData })
    return new Thread(worker, bell)
  }

  /** One message after the other; resolves once it has been carried out. */
  async tell(message: QueueMessage): Promise<void> {
    const told = this.#last.then(() => this.#tellNow(message))
    this.#last = told.catch(() => undefined)
    await told
  }

  async #tellNow(message: QueueMessage): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault
    const answered = once(this.#worker, 'message')
    this.#worker.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(message)
    ring(this.#bell)
    await answered
    this.#worker.unref()
  }

  async stop(): Promise<void> {
    const ended = once(this.#worker, 'exit')
    await this.tell({ kind: 'stop' })
    this.#worker.ref()
    await ended
    closeDescriptor(this.#bell)
  }
}

/** High, where nobody else's rules have theirs. */
const FIRST_QUEUE = 40_000
const LAST_QUEUE = 60_000
const QUEUE_PACKETS = 20_000
const BUFFER_BYTES = 8 * 1024 * 1024
