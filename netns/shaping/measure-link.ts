import { once } from 'node:events'
import type { Socket } from 'node:dgram'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { openUdp } from './udp-probe.ts'

/** Where probes go from and to. */
export interface ProbedWay {
  readonly from: NetworkNamespace
  readonly source: string
  readonly to: NetworkNamespace
  readonly destination: string
}

export interface ProbeOptions {
  readonly packets: number
  /** Of each, without headers; at least 8. */
  readonly bytes: number
  /** How long after the last arrival one that is missing counts as lost. */
  readonly patienceMs: number
  /** How long after the last was sent none may have arrived. Default: `patienceMs`. */
  readonly firstWithinMs?: number
  /** How long after the last arrival one more of the same packet may come. Default: 0. */
  readonly repeatsWithinMs?: number
}

/** What became of probes, in one direction and by one clock. */
export interface Measured {
  readonly sent: number
  /** Each counts once. */
  readonly arrived: number
  /** Arrivals on top of that. */
  readonly repeated: number
  /** Undefined: none arrived. */
  readonly delayMs:
    | { readonly median: number; readonly least: number; readonly most: number }
    | undefined
  /** Arrivals of bits per second on the wire, from the first probe to the last; undefined: they came all at once. */
  readonly rate: number | undefined
}

/** UDP to the port of discard (RFC 863): no service of a lab listens there, and no reader of TCP sees it. */
export const probePort = 9
/** At once: fewer than Node reads at once, so that none is lost for want of room in the receiving socket. */
const together = 20
/** Ethernet, IPv4 and UDP. */
const headerBytes = 14 + 20 + 8

/** Sends probes one way and tells what arrived when. Arrivals from `skip` bytes on count for the rate: a bucket may start full. */
export async function measureWay(
  way: ProbedWay,
  { packets, bytes, patienceMs, firstWithinMs = patienceMs, repeatsWithinMs = 0 }: ProbeOptions,
  { skip = 0 }: { readonly skip?: number } = {},
): Promise<Measured> {
  using sockets = new DisposableStack()
  const open = (namespace: NetworkNamespace, address: string, port: number): Socket =>
    sockets.adopt(openUdp(namespace, address, port), (socket) => socket.close())
  const receiver = open(way.to, way.destination, probePort)
  const sender = open(way.from, way.source, 0)
  await Promise.all([receiver, sender].map((socket) => listening(socket)))
  const sentAt: number[] = []
  const arrivals: { readonly number: number; readonly atMs: number }[] = []
  const seen = new Set<number>()
  let repeated = 0
  let lastMs = performance.now()
  receiver.on('message', (message) => {
    lastMs = performance.now()
    const number = message.readUInt32BE(0)
    if (seen.has(number)) {
      repeated += 1
      return
    }
    seen.add(number)
    arrivals.push({ number, atMs: lastMs })
  })
  for (let number = 0; number < packets; number += 1) {
    const message = Buffer.alloc(bytes)
    message.writeUInt32BE(number)
    sentAt.push(performance.now())
    sender.send(message, probePort, way.destination)
    // oxlint-disable-next-line no-await-in-loop -- the receiver has its turn
    if (number % together === together - 1) await wait(1)
  }
  lastMs = performance.now()
  const patience = (): number => {
    if (arrivals.length === 0) return firstWithinMs
    return arrivals.length < packets ? patienceMs : repeatsWithinMs
  }
  while (performance.now() - lastMs < patience()) {
    // oxlint-disable-next-line no-await-in-loop -- looks again until all are there
    await wait(1)
    // What has arrived while this process had no turn is taken first: it is not late.
    // oxlint-disable-next-line no-await-in-loop
    await nextTurn()
  }
  return { ...judge(sentAt, arrivals, { bytes: bytes + headerBytes, skip }), repeated }
}

function judge(
  sentAt: readonly number[],
  arrivals: readonly { readonly number: number; readonly atMs: number }[],
  { bytes, skip }: { readonly bytes: number; readonly skip: number },
): Omit<Measured, 'repeated'> {
  const delays = arrivals
    .map(({ number, atMs }) => atMs - (sentAt[number] ?? atMs))
    .toSorted((a, b) => a - b)
  const [least] = delays
  const median = delays[delays.length >> 1]
  const most = delays.at(-1)
  const counted = arrivals.slice(Math.ceil(skip / bytes))
  const spanMs = (counted.at(-1)?.atMs ?? 0) - (counted[0]?.atMs ?? 0)
  return {
    sent: sentAt.length,
    arrived: arrivals.length,
    delayMs:
      least === undefined || median === undefined || most === undefined
        ? undefined
        : { median, least, most },
    rate: spanMs > 0 ? ((counted.length - 1) * bytes * 8 * 1_000) / spanMs : undefined,
  }
}

async function listening(socket: Socket): Promise<void> {
  try {
    socket.address()
  } catch {
    await once(socket, 'listening')
  }
}
