import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { closeDescriptor, setSocketOption, SOL_SOCKET, SystemCallError } from '#netns/native.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { bindQueue, configureQueue, NETLINK_NETFILTER } from '#netns/netlink/queue-requests.ts'
import { LOST, SEEN, type QueueMessage, type QueueWorkerData } from './queue-messages.ts'
import { openBell, ring } from './queue-native.ts'
import type { QueueShape } from './verdicts.ts'

/** Packets that a rule put into a queue of the kernel, held back and lost as a shape says. */
export interface PacketQueue extends AsyncDisposable {
  readonly number: number
  /** Since it was opened. */
  counted(): { readonly seen: number; readonly lost: number }
  /** Decides from here on as it did from its first packet. */
  restart(): Promise<void>
}

/** One thread gives the verdicts for all queues; it is started with the first one. */
export class PacketQueues implements AsyncDisposable {
  #thread: Promise<Thread> | undefined
  #next = FIRST_QUEUE

  /** Opens a queue in a namespace; nothing is in it before a rule sends packets there. */
  async open(namespace: NetworkNamespace, shape: QueueShape): Promise<PacketQueue> {
    this.#thread ??= Thread.start()
    const thread = await this.#thread
    const number = this.#next
    this.#next = number === LAST_QUEUE ? FIRST_QUEUE : number + 1
    using opening = new DisposableStack()
    const socket = opening.use(
      namespace.run(() => new NetlinkSocket(namespace.label, NETLINK_NETFILTER)),
    )
    makeRoom(socket.fd)
    // Packets that are lost one by one have to come one by one.
    const whole = shape.loss === 0 && shape.reorder === 0
    socket.transact([
      bindQueue(number),
      ...configureQueue(number, { whole, length: QUEUE_PACKETS }),
    ])
    const counters = new SharedArrayBuffer(8)
    await thread.tell({ kind: 'open', queue: number, fd: socket.fd, shape, counters })
    const owned = opening.move()
    const counts = new Int32Array(counters)
    return {
      number,
      counted: () => ({ seen: Atomics.load(counts, SEEN), lost: Atomics.load(counts, LOST) }),
      restart: () => thread.tell({ kind: 'restart', queue: number }),
      [Symbol.asyncDispose]: async () => {
        await thread.tell({ kind: 'close', queue: number })
        owned.dispose()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const thread = await this.#thread
    this.#thread = undefined
    await thread?.stop()
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

/** As much as is asked for takes privileges on the machine; without them it is what the machine gives everybody. */
function makeRoom(fd: number): void {
  try {
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES, 'make room for packets')
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'EPERM') throw error
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES, 'make room for packets')
  }
}

/** High, where nobody else's rules have theirs. */
const FIRST_QUEUE = 40_000
const LAST_QUEUE = 60_000
const QUEUE_PACKETS = 20_000
const SO_RCVBUF = 8
const SO_RCVBUFFORCE = 33
const BUFFER_BYTES = 8 * 1024 * 1024
