import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { encodeVerdict, packetNumbers } from '#netns/netlink/queue-requests.ts'
import {
  LOST,
  SEEN,
  type QueueAnswer,
  type QueueMessage,
  type QueueWorkerData,
} from './queue-messages.ts'
import { receiveIfThere, sendNow, silence, waitFor } from './queue-native.ts'
import { Verdicts } from './verdicts.ts'

/**
 * The thread that gives verdicts on packets. It never returns to its event loop: waiting for packets, for the time of the
 * next one and for messages is one system call.
 */
interface OpenQueue {
  readonly number: number
  readonly fd: number
  readonly verdicts: Verdicts
  readonly counters: Int32Array
}

/** A process that ends waits for its threads, and this one notices only when it wakes. */
const longestWaitMs = 200
/** Of one queue, before another has its turn. */
const packetsInTurn = 256
const buffer = Buffer.allocUnsafeSlow(1 << 16)

function run({ bell }: QueueWorkerData): void {
  const port = parentPort
  if (port === null) throw new Error('this is the main thread')
  const answer: QueueAnswer = { kind: 'done' }
  let queues: readonly OpenQueue[] = []
  for (;;) {
    const [rung = false, ...readable] = waitFor(
      [bell, ...queues.map(({ fd }) => fd)],
      waitMs(queues),
    )
    if (rung) silence(bell)
    for (const [index, queue] of queues.entries()) {
      if (readable[index] === true) receive(queue)
      release(queue, queue.verdicts.takeDue(performance.now()))
    }
    if (!rung) continue
    for (let message = next(port); message !== undefined; message = next(port)) {
      queues = carryOut(message, queues)
      port.postMessage(answer)
      if (message.kind === 'stop') return
    }
  }
}

function carryOut(message: QueueMessage, queues: readonly OpenQueue[]): readonly OpenQueue[] {
  if (message.kind === 'stop') {
    for (const queue of queues) release(queue, queue.verdicts.takeAll())
    return []
  }
  const found = queues.find(({ number }) => number === message.queue)
  switch (message.kind) {
    case 'open':
      return [
        ...queues,
        {
          number: message.queue,
          fd: message.fd,
          verdicts: new Verdicts(message.shape),
          counters: new Int32Array(message.counters),
        },
      ]
    case 'restart':
      found?.verdicts.restart()
      return queues
    case 'close':
    default:
      if (found !== undefined) release(found, found.verdicts.takeAll())
      return queues.filter((queue) => queue !== found)
  }
}

function receive({ number, fd, verdicts, counters }: OpenQueue): void {
  for (let turn = 0; turn < packetsInTurn; turn += 1) {
    const length = receiveIfThere(fd, buffer)
    if (length === 0) return
    const now = performance.now()
    for (const id of packetNumbers(buffer, length)) {
      Atomics.add(counters, SEEN, 1)
      const decision = verdicts.decide(id, now)
      if (decision === 'wait') continue
      if (decision === 'drop') Atomics.add(counters, LOST, 1)
      sendNow(fd, encodeVerdict(number, id, decision))
    }
  }
}

function release({ number, fd }: OpenQueue, due: readonly { readonly id: number }[]): void {
  for (const { id } of due) sendNow(fd, encodeVerdict(number, id, 'accept'))
}

function waitMs(queues: readonly OpenQueue[]): number {
  const now = performance.now()
  return queues.reduce(
    (least, { verdicts }) => Math.max(0, Math.min(least, (verdicts.nextAtMs ?? now + least) - now)),
    longestWaitMs,
  )
}

function next(port: NonNullable<typeof parentPort>): QueueMessage | undefined {
  const received: { message: QueueMessage } | undefined = receiveMessageOnPort(port)
  return received?.message
}

run(workerData)
