import type { LinkLayout, PlacedInterface } from '#netns/link-layout.ts'
import { untouched, type Shape } from '#netns/shaping/shape.ts'
import { peerOf, type ShapingPoint } from '#netns/shaping/shaping-point.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { LinkFaultSpec } from './fault-spec.ts'

/** The place where a fault of a link acts, and the ends that packets go from and to there. */
export interface ShapedWay {
  readonly point: ShapingPoint
  readonly from: PlacedInterface
  readonly to: PlacedInterface
  /** Only what comes from `from` counts; its MAC address is known once it is up. */
  readonly fromOnly: boolean
}

/** Where the packets of a fault pass. Of a pair of interfaces it is always the end that sends, so that faults of both ends meet there. */
export function planLinkFault(
  spec: Exclude<LinkFaultSpec, { kind: 'down' }>,
  plan: LabPlan,
  layout: LinkLayout,
): readonly ShapedWay[] {
  const ends = endsOf(spec.link, plan, layout)
  const isBridge = plan.network.links.find(({ name }) => name === spec.link)?.kind === 'bridge'
  const other = (end: PlacedInterface): PlacedInterface =>
    ends.find((each) => each !== end && each.addresses.length > 0) ?? end
  const endOf = (node: string): PlacedInterface => {
    const namespace = plan.nodes.find(({ name }) => name === node)?.namespace
    const found = ends.find((end) => end.namespace === namespace)
    if (found === undefined) throw new RangeError(`${node} has no end of ${spec.link}`)
    return found
  }
  const sending = (from: PlacedInterface, to: PlacedInterface): ShapedWay => ({
    point: pointOf(from, 'out'),
    from,
    to,
    fromOnly: false,
  })
  const from = spec.from === undefined ? undefined : endOf(spec.from)
  const to = spec.to === undefined ? undefined : endOf(spec.to)
  if (from === undefined && to === undefined) return ends.map((end) => sending(end, other(end)))
  if (to === undefined) return from === undefined ? [] : [sending(from, other(from))]
  if (!isBridge) {
    const peer = peerOf(layout, { namespace: to.namespace, interface: to })
    return [sending(peer, to)]
  }
  return [
    {
      point: pointOf(to, 'in'),
      from: from ?? other(to),
      to,
      fromOnly: from !== undefined,
    },
  ]
}

/**
 * The ends that are set down. Of a pair one is enough, since the other loses its carrier; ends of a bridge know nothing of each
 * other.
 */
export function planLinkDown(
  { link, from }: Extract<LinkFaultSpec, { kind: 'down' }>,
  plan: LabPlan,
  layout: LinkLayout,
): readonly PlacedInterface[] {
  const ends = endsOf(link, plan, layout)
  if (from !== undefined) {
    const namespace = plan.nodes.find(({ name }) => name === from)?.namespace
    return ends.filter((end) => end.namespace === namespace).slice(0, 1)
  }
  const isBridge = plan.network.links.find(({ name }) => name === link)?.kind === 'bridge'
  return isBridge ? ends : ends.slice(0, 1)
}

/** The ends of a link as its nodes have them. */
export function endsOf(
  link: string,
  plan: LabPlan,
  layout: LinkLayout,
): readonly PlacedInterface[] {
  const found = plan.network.links.find(({ name }) => name === link)
  return (found?.ends ?? []).flatMap(
    (end) => layout.interfaces.get(end.namespace)?.find(({ name }) => name === end.interface) ?? [],
  )
}

/** What a fault does to each packet. */
export function shapeOf(spec: Exclude<LinkFaultSpec, { kind: 'down' }>): Shape {
  const seed = 'seed' in spec ? (spec.seed ?? untouched.seed) : untouched.seed
  switch (spec.kind) {
    case 'partition':
      return { ...untouched, cut: true }
    case 'delay':
      return { ...untouched, delayMs: spec.ms, jitterMs: spec.jitterMs ?? 0, seed }
    case 'jitter':
      return { ...untouched, delayMs: spec.ms, jitterMs: spec.ms, seed }
    case 'loss':
      return { ...untouched, loss: spec.percent / 100, seed }
    case 'duplicate':
      return { ...untouched, duplicate: spec.percent / 100, seed }
    case 'reorder':
      return { ...untouched, delayMs: spec.ms, reorder: spec.percent / 100, seed }
    case 'rate':
    default:
      return { ...untouched, rate: spec.mbit * 1e6 }
  }
}

function pointOf(end: PlacedInterface, direction: 'in' | 'out'): ShapingPoint {
  return {
    namespace: end.namespace,
    interface: { name: end.name, index: end.index },
    direction,
  }
}
