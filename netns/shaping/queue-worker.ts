import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { encodeVerdict, packetNumbers } from '#netns/netlink/queue-requests.ts'
import {
  LOST,
  REPEATED,
  SEEN,
  type QueueAnswer,
  type QueueMessage,
  type QueueWorkerData,
} from './queue-messages.ts'
import { receiveIfThere, sendNow, silence, waitFor } from './queue-native.ts'
import { seededRandom } from './random.ts'
import { Verdicts } from './verdicts.ts'

/**
 * The thread that gives verdicts on packets and repeats others. It never returns to its event loop: waiting for packets, for
 * the time of the next one and for messages is one system call.
 */
interface Reader {
  readonly number: number
  readonly fd: number
  /** Reads what is there, for one turn. */
  receive(): void
  /** Lets go what waits and is due by then. */
  release(nowMs: number): void
  readonly nextAtMs: number | undefined
  restart(): void
}

/** A process that ends waits for its threads, and this one notices only when it wakes. */
const longestWaitMs = 200
/** Of one queue, before another has its turn. */
const packetsInTurn = 256
/** The longest packet that is left for hardware to cut, with its headers, has less. */
const buffer = Buffer.allocUnsafeSlow(1 << 18)

function run({ bell }: QueueWorkerData): void {
  const port = parentPort
  if (port === null) throw new Error('this is the main thread')
  const answer: QueueAnswer = { kind: 'done' }
  let readers: readonly Reader[] = []
  for (;;) {
    const [rung = false, ...readable] = waitFor(
      [bell, ...readers.map(({ fd }) => fd)],
      waitMs(readers),
    )
    if (rung) silence(bell)
    for (const [index, reader] of readers.entries()) {
      if (readable[index] === true) reader.receive()
      reader.release(performance.now())
    }
    if (!rung) continue
    for (let message = next(port); message !== undefined; message = next(port)) {
      readers = carryOut(message, readers)
      port.postMessage(answer)
      if (message.kind === 'stop') return
    }
  }
}

function carryOut(message: QueueMessage, readers: readonly Reader[]): readonly Reader[] {
  const all = Number.MAX_VALUE
  if (message.kind === 'stop') {
    for (const reader of readers) reader.release(all)
    return []
  }
  const found = readers.find(({ number }) => number === message.queue)
  switch (message.kind) {
    case 'open':
      return [...readers, readQueue(message)]
    case 'repeat':
      return [...readers, readRepeated(message)]
    case 'restart':
      found?.restart()
      return readers
    case 'close':
    default:
      found?.release(all)
      return readers.filter((reader) => reader !== found)
  }
}

function readQueue({
  queue,
  fd,
  shape,
  counters,
}: Extract<QueueMessage, { kind: 'open' }>): Reader {
  const verdicts = new Verdicts(shape)
  const counts = new Int32Array(counters)
  return {
    number: queue,
    fd,
    receive: () => {
      for (const length of receiveTurn(fd)) {
        const now = performance.now()
        for (const id of packetNumbers(buffer, length)) {
          Atomics.add(counts, SEEN, 1)
          const decision = verdicts.decide(id, now)
          if (decision === 'wait') continue
          if (decision === 'drop') Atomics.add(counts, LOST, 1)
          sendNow(fd, encodeVerdict(queue, id, decision))
        }
      }
    },
    release: (nowMs) => {
      for (const { id } of verdicts.takeDue(nowMs)) sendNow(fd, encodeVerdict(queue, id, 'accept'))
    },
    get nextAtMs() {
      return verdicts.nextAtMs
    },
    restart: () => {
      verdicts.restart()
    },
  }
}

function readRepeated({
  queue,
  fd,
  share,
  seed,
  counters,
}: Extract<QueueMessage, { kind: 'repeat' }>): Reader {
  const counts = new Int32Array(counters)
  let random = seededRandom(seed)
  return {
    number: queue,
    fd,
    receive: () => {
      for (const length of receiveTurn(fd)) {
        Atomics.add(counts, SEEN, 1)
        if (random() >= share) continue
        sendNow(fd, buffer.subarray(0, length))
        Atomics.add(counts, REPEATED, 1)
      }
    },
    release: () => {},
    nextAtMs: undefined,
    restart: () => {
      random = seededRandom(seed)
    },
  }
}

/** Fills the buffer with one message after the other, of one turn, and tells how long each is. */
function* receiveTurn(fd: number): Generator<number> {
  for (let turn = 0; turn < packetsInTurn; turn += 1) {
    const length = receiveIfThere(fd, buffer)
    if (length === 0) return
    yield length
  }
}

function waitMs(readers: readonly Reader[]): number {
  const now = performance.now()
  return readers.reduce(
    (least, { nextAtMs }) => Math.max(0, Math.min(least, (nextAtMs ?? now + least) - now)),
    longestWaitMs,
  )
}

function next(port: NonNullable<typeof parentPort>): QueueMessage | undefined {
  const received: { message: QueueMessage } | undefined = receiveMessageOnPort(port)
  return received?.message
}

run(workerData)
