import { layOutLinks, type LinkLayout } from '#netns/link-layout.ts'
import { openShaper } from '#netns/shaping/open-shaper.ts'
import { bringLinkUp, takeLinkDown } from '#netns/shaping/link-state.ts'
import { macAddressOf } from '#netns/shaping/mac-address.ts'
import { combineShapes, isHeldUp, isImpaired, type Shape } from '#netns/shaping/shape.ts'
import type { Shaper } from '#netns/shaping/shaper.ts'
import { pointKey, type ShapingPoint } from '#netns/shaping/shaping-point.ts'
import type { Runtime } from '#lab/runtime/runtime.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { AppliedFault } from './applied-fault.ts'
import type { FaultStatus, LinkFaultSpec } from './fault-spec.ts'
import { measureFault } from './measure-fault.ts'
import { endsOf, planLinkFault, shapeOf, type ShapedWay } from './plan-link-fault.ts'

/** Directions of a link that are measured when a fault has more: a bridge may have hundreds. */
const measuredWays = 2

/** The faults of a lab's links; several at one place add up. */
export class LinkFaults {
  readonly #plan: LabPlan
  readonly #runtime: Runtime
  readonly #layout: LinkLayout
  readonly #shapes = new Map<string, readonly { readonly owner: object; readonly shape: Shape }[]>()
  /** Ends with the process: what it made at a point is taken back by whoever heals the fault there. */
  #shaper: Shaper | undefined

  constructor(plan: LabPlan, runtime: Runtime) {
    this.#plan = plan
    this.#runtime = runtime
    this.#layout = layOutLinks(plan.network)
  }

  async apply(
    spec: LinkFaultSpec,
    { measure }: { readonly measure: boolean },
  ): Promise<AppliedFault> {
    return spec.kind === 'down'
      ? this.#takeDown(spec)
      : this.#shape(spec, measure ? measuredWays : 0)
  }

  #takeDown({ link, from }: Extract<LinkFaultSpec, { kind: 'down' }>): AppliedFault {
    const ends = endsOf(link, this.#plan, this.#layout)
    const namespace = this.#plan.nodes.find(({ name }) => name === from)?.namespace
    const end = ends.find((each) => from === undefined || each.namespace === namespace)
    const planned = this.#plan.network.namespaces.find(({ name }) => name === end?.namespace)
    if (end === undefined || planned === undefined) throw new RangeError(`${link} has no end`)
    const place = this.#runtime.network.namespace(end.namespace)
    takeLinkDown(place, end)
    return {
      by: 'link state',
      note: `${end.name} of ${end.namespace} is down`,
      heal: async () => {
        bringLinkUp(place, end, planned)
      },
    }
  }

  async #shape(
    spec: Exclude<LinkFaultSpec, { kind: 'down' }>,
    measurements: number,
  ): Promise<AppliedFault> {
    this.#shaper ??= openShaper(this.#runtime.network)
    const shaper = this.#shaper
    const shape = shapeOf(spec)
    const ways = planLinkFault(spec, this.#plan, this.#layout).map((way) => this.#identify(way))
    const owner = {}
    await using applied = new AsyncDisposableStack()
    for (const { point } of ways) {
      applied.defer(() => this.#change(shaper, point, owner, undefined))
      // oxlint-disable-next-line no-await-in-loop -- the shaper takes one call at a time
      await this.#change(shaper, point, owner, shape)
    }
    const measured = []
    for (const way of ways.slice(0, measurements)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: each is to have the link for itself
      const seen = await measureFault(this.#runtime.network, way, shape)
      if (seen !== undefined) measured.push(seen)
    }
    const points = ways.map(({ point }) => point)
    await Promise.all(points.map((point) => shaper.restart(point)))
    const before = count(shaper, points)
    const owned = applied.move()
    return {
      by: meansOf(shape, shaper),
      measured,
      packets: () => {
        const now = count(shaper, points)
        if (now === undefined || before === undefined) return undefined
        return {
          seen: Math.max(0, now.seen - before.seen),
          lost: Math.max(0, now.lost - before.lost),
          repeated: Math.max(0, now.repeated - before.repeated),
        }
      },
      heal: () => owned.disposeAsync(),
    }
  }

  async #change(
    shaper: Shaper,
    point: ShapingPoint,
    owner: object,
    shape: Shape | undefined,
  ): Promise<void> {
    const key = pointKey(point)
    const others = (this.#shapes.get(key) ?? []).filter((each) => each.owner !== owner)
    const all = shape === undefined ? others : [...others, { owner, shape }]
    this.#shapes.set(key, all)
    await shaper.shape(
      point,
      all.length === 0 ? undefined : combineShapes(all.map((each) => each.shape)),
    )
  }

  #identify(way: ShapedWay): ShapedWay {
    if (!way.fromOnly) return way
    const fromMac = macAddressOf(this.#runtime.network.namespace(way.from.namespace), way.from)
    return { ...way, point: { ...way.point, fromMac } }
  }
}

function meansOf(shape: Shape, { name }: Shaper): string {
  if (shape.cut) return 'rules'
  if (name === 'netem') return 'netem'
  if (!isImpaired(shape)) return 'token bucket'
  return isHeldUp(shape) ? 'packet queue' : 'packet socket'
}

function count(shaper: Shaper, points: readonly ShapingPoint[]): FaultStatus['packets'] {
  const counted = points.flatMap((point) => shaper.counted(point) ?? [])
  if (counted.length === 0) return undefined
  return {
    seen: counted.reduce((sum, { seen }) => sum + seen, 0),
    lost: counted.reduce((sum, { lost }) => sum + lost, 0),
    repeated: counted.reduce((sum, { repeated }) => sum + repeated, 0),
  }
}
