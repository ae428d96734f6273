import { parentPort, type MessagePort } from 'node:worker_threads'
import { PacketRing, type RingPacket } from '#netns/packets/packet-ring.ts'
import type { RingAnswer, RingMessage } from './ring-messages.ts'

/** The thread that empties rings in time, whatever keeps its process busy. */

interface OpenRing {
  readonly ring: PacketRing
  /** Not asked for yet. */
  taken: RingPacket[]
}

/** A ring holds four thousand packets. */
const emptyEveryMs = 4

const rings = new Map<number, OpenRing>()
let timer: NodeJS.Timeout | undefined

function carryOut(message: RingMessage): RingAnswer {
  switch (message.kind) {
    case 'open': {
      rings.set(message.ring, { ring: new PacketRing(message.fd), taken: [] })
      timer ??= setInterval(emptyAll, emptyEveryMs)
      return { kind: 'done' }
    }
    case 'take': {
      const open = rings.get(message.ring)
      if (open === undefined) throw new Error(`ring ${message.ring} is closed`)
      empty(open)
      const packets = open.taken
      open.taken = []
      return { kind: 'packets', packets, dropped: open.ring.dropped() }
    }
    case 'close':
    default:
      rings.get(message.ring)?.ring[Symbol.dispose]()
      rings.delete(message.ring)
      if (rings.size > 0) return { kind: 'done' }
      clearInterval(timer)
      timer = undefined
      return { kind: 'done' }
  }
}

function emptyAll(): void {
  for (const open of rings.values()) empty(open)
}

function empty(open: OpenRing): void {
  for (const packet of open.ring.take()) open.taken.push(packet)
}

function answer(port: MessagePort, message: RingMessage): void {
  let reply: RingAnswer
  try {
    reply = carryOut(message)
  } catch (error) {
    reply = { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) }
  }
  port.postMessage(reply)
}

if (parentPort === null) throw new Error('this is the main thread')
const port = parentPort
port.on('message', (message: RingMessage) => {
  answer(port, message)
})
