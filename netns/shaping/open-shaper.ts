import { layOutLinks } from '#netns/link-layout.ts'
import { setNetem, setTokenBucket } from '#netns/netlink/shaping-requests.ts'
import type { Network } from '#netns/network.ts'
import { installPointRules, type PointRules } from './install-point-rules.ts'
import { whyNoNetem } from './netem-works.ts'
import { PacketQueues, type PacketCounts, type PacketQueue } from './packet-queues.ts'
import { useQueueingDiscipline } from './queueing-discipline.ts'
import { nextRulesName } from './rules-name.ts'
import { isHeldUp, isImpaired, type Shape } from './shape.ts'
import type { Shaper } from './shaper.ts'
import { egressOf, pointKey, type ShapingPoint } from './shaping-point.ts'

/** The shaper for this machine: netem where the kernel has it, packet queues otherwise. */
export function openShaper(network: Network): Shaper {
  return whyNoNetem() === undefined ? openNetemShaper(network) : openQueueShaper(network)
}

/**
 * Impairs by netem, in the kernel. What it cannot do, to impair only what comes from one of several senders, is left to
 * packet queues.
 */
export function openNetemShaper(network: Network): Shaper {
  const layout = layOutLinks(network.plan)
  return openBy('netem', network, async (point, shape, { queues, held }) => {
    if (point.fromMac !== undefined) return impairByQueue(network, point, shape, { queues, held })
    if (!isImpaired(shape) && shape.rate === undefined) return []
    const { namespace, ...link } = egressOf(layout, point)
    held.use(useQueueingDiscipline(network.namespace(namespace), link, setNetem(link, shape)))
    return []
  })
}

/** Impairs by queues that a thread of this process reads, and paces by a token bucket of the kernel. */
export function openQueueShaper(network: Network): Shaper {
  const layout = layOutLinks(network.plan)
  return openBy('queue', network, async (point, shape, { queues, held }) => {
    if (shape.rate !== undefined) {
      const { namespace, ...link } = egressOf(layout, point)
      const bucket = setTokenBucket(link, shape.rate)
      held.use(useQueueingDiscipline(network.namespace(namespace), link, bucket))
    }
    return impairByQueue(network, point, shape, { queues, held })
  })
}

interface Means {
  readonly queues: PacketQueues
  /** Takes whatever ends with the shape. */
  readonly held: AsyncDisposableStack
}

async function impairByQueue(
  network: Network,
  point: ShapingPoint,
  shape: Shape,
  { queues, held }: Means,
): Promise<readonly PacketQueue[]> {
  const opened: PacketQueue[] = []
  if (shape.duplicate > 0) {
    const { fromMac, ...anySender } = point
    const { namespace, ...link } = egressOf(layOutLinks(network.plan), anySender)
    const repetition = { link, share: shape.duplicate, seed: shape.seed }
    const named = fromMac === undefined ? repetition : { ...repetition, fromMac }
    opened.push(held.use(await queues.repeat(network.namespace(namespace), named)))
  }
  if (isHeldUp(shape)) {
    const namespace = network.namespace(point.namespace)
    const queue = held.use(await queues.open(namespace, shape))
    const action = { kind: 'queue', queue: queue.number } as const
    held.use(await installPointRules(namespace, nextRulesName(), point, action))
    opened.push(queue)
  }
  return opened
}

interface ShapedPoint extends AsyncDisposable {
  readonly queues: readonly PacketQueue[]
  readonly cut: PointRules | undefined
  /** Counted under the shapes it had before this one. */
  readonly before: PacketCounts
}

function countedAt({ queues, cut, before }: ShapedPoint): PacketCounts {
  const cutOff = cut?.counted() ?? 0
  const all = queues.map((queue) => queue.counted())
  return {
    // Each of them sees what passes the point.
    seen: before.seen + Math.max(0, ...all.map(({ seen }) => seen)) + cutOff,
    lost: all.reduce((sum, { lost }) => sum + lost, before.lost + cutOff),
    repeated: all.reduce((sum, { repeated }) => sum + repeated, before.repeated),
  }
}

function openBy(
  name: Shaper['name'],
  network: Network,
  impair: (point: ShapingPoint, shape: Shape, means: Means) => Promise<readonly PacketQueue[]>,
): Shaper {
  const queues = new PacketQueues()
  const shaped = new Map<string, ShapedPoint>()
  return {
    name,
    async shape(point, shape) {
      const key = pointKey(point)
      const old = shaped.get(key)
      await old?.[Symbol.asyncDispose]()
      shaped.delete(key)
      const before = old === undefined ? { seen: 0, lost: 0, repeated: 0 } : countedAt(old)
      if (shape === undefined) return
      await using held = new AsyncDisposableStack()
      const rules = shape.cut
        ? installPointRules(network.namespace(point.namespace), nextRulesName(), point, {
            kind: 'drop',
          })
        : undefined
      const cut = rules === undefined ? undefined : held.use(await rules)
      const opened = await impair(point, shape, { queues, held })
      const owned = held.move()
      shaped.set(key, {
        queues: opened,
        cut,
        before,
        [Symbol.asyncDispose]: () => owned.disposeAsync(),
      })
    },
    counted: (point) => {
      const found = shaped.get(pointKey(point))
      if (found === undefined) return undefined
      const isCounted = found.queues.length > 0 || found.cut?.counted() !== undefined
      return isCounted ? countedAt(found) : undefined
    },
    restart: async (point) => {
      const queued = shaped.get(pointKey(point))?.queues ?? []
      await Promise.all(queued.map((queue) => queue.restart()))
    },
    [Symbol.asyncDispose]: async () => {
      for (const point of shaped.values()) await point[Symbol.asyncDispose]()
      shaped.clear()
      await queues[Symbol.asyncDispose]()
    },
  }
}
