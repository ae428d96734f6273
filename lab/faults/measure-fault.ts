import type { Network } from '#netns/network.ts'
import { measureWay, type ProbeOptions } from '#netns/shaping/measure-link.ts'
import { burstOf } from '#netns/netlink/shaping-requests.ts'
import type { Shape } from '#netns/shaping/shape.ts'
import type { MeasuredWay } from './fault-spec.ts'
import type { ShapedWay } from './plan-link-fault.ts'

/** Our own packets cannot fill a faster link from one thread. */
const fastestMbit = 50

/** How long a machine may leave whoever delays packets without a turn. */
const busyMs = 2_000

/**
 * Sends probes over a link to see what became of it; undefined where the ends have no addresses in one network, or what
 * is asked cannot be seen by probes.
 */
export async function measureFault(
  network: Network,
  { from, to }: ShapedWay,
  shape: Shape,
): Promise<MeasuredWay | undefined> {
  const source = from.addresses.find(isIPv4)
  const destination = to.addresses.find(isIPv4)
  if (source === undefined || destination === undefined || from === to) return undefined
  if (shape.rate !== undefined && shape.rate > fastestMbit * 1e6) return undefined
  const way = {
    from: network.namespace(from.namespace),
    source: bare(source),
    to: network.namespace(to.namespace),
    destination: bare(destination),
  }
  const skip = shape.rate === undefined ? 0 : burstOf(shape.rate)
  const sending = probes(shape)
  // Where some have to arrive, none in time is a machine that had no time for them yet.
  const someArrive = !shape.cut && shape.loss < 1
  const patient = someArrive ? { firstWithinMs: sending.patienceMs + busyMs } : {}
  const { sent, arrived, repeated, delayMs, rate } = await measureWay(
    way,
    { ...sending, ...patient },
    { skip },
  )
  return {
    from: from.namespace,
    to: to.namespace,
    sent,
    arrived,
    repeated,
    delayMs,
    mbit: shape.rate === undefined || rate === undefined ? undefined : rate / 1e6,
  }
}

/** Few enough to be over soon, and enough to tell. */
function probes(shape: Shape): ProbeOptions {
  const patienceMs = 50 + shape.delayMs + shape.jitterMs
  if (shape.rate !== undefined) {
    const bytes = shape.rate < 2e6 ? 64 : 1_200
    const wanted = burstOf(shape.rate) + (shape.rate / 8) * 0.15
    return { packets: Math.min(400, Math.ceil(wanted / (bytes + 42)) + 2), bytes, patienceMs: 300 }
  }
  const isShare = shape.loss > 0 || shape.duplicate > 0
  const packets = shape.cut ? 10 : isShare ? 300 : shape.jitterMs > 0 ? 60 : 20
  return {
    packets,
    bytes: 64,
    patienceMs,
    ...(shape.duplicate > 0 && { repeatsWithinMs: patienceMs }),
  }
}

function isIPv4(address: string): boolean {
  return !address.includes(':')
}

function bare(cidr: string): string {
  return cidr.replace(/\/\d+$/, '')
}
