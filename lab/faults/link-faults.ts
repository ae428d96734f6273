import { layOutLinks, type LinkLayout, type PlacedInterface } from '#netns/link-layout.ts'
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
import { Holds } from './holds.ts'
import { measureFault } from './measure-fault.ts'
import { planLinkDown, planLinkFault, shapeOf, type ShapedWay } from './plan-link-fault.ts'

/** Directions of a link that are measured when a fault has more: a bridge may have hundreds. */
const measuredWays = 2
const toldEnds = 4

/** The faults of a lab's links; several at one place add up. */
export class LinkFaults {
  readonly #plan: LabPlan
  readonly #runtime: Runtime
  readonly #layout: LinkLayout
  readonly #shapes = new Holds<Shape>()
  readonly #down = new Holds<PlacedInterface>()
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

  #takeDown(spec: Extract<LinkFaultSpec, { kind: 'down' }>): AppliedFault {
    const ends = planLinkDown(spec, this.#plan, this.#layout)
    using taken = new DisposableStack()
    for (const end of ends) {
      const planned = this.#plan.network.namespaces.find(({ name }) => name === end.namespace)
      if (planned === undefined) throw new RangeError(`there is no namespace ${end.namespace}`)
      const place = this.#runtime.network.namespace(end.namespace)
      takeLinkDown(place, end)
      const key = `${end.namespace} ${end.name}`
      const letGo = this.#down.hold(key, end)
      taken.defer(() => {
        letGo()
        if (!this.#down.has(key)) bringLinkUp(place, end, planned)
      })
    }
    const owned = taken.move()
    return {
      by: 'link state',
      note: renderEnds(ends),
      heal: async () => {
        owned.dispose()
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
    await using applied = new AsyncDisposableStack()
    for (const { point } of ways) {
      const letGo = this.#shapes.hold(pointKey(point), shape)
      applied.defer(() => {
        letGo()
        return this.#reshape(shaper, point)
      })
      // oxlint-disable-next-line no-await-in-loop -- the shaper takes one call at a time
      await this.#reshape(shaper, point)
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

  #reshape(shaper: Shaper, point: ShapingPoint): Promise<void> {
    const shapes = this.#shapes.of(pointKey(point))
    return shaper.shape(point, shapes.length === 0 ? undefined : combineShapes(shapes))
  }

  #identify(way: ShapedWay): ShapedWay {
    if (!way.fromOnly) return way
    const fromMac = macAddressOf(this.#runtime.network.namespace(way.from.namespace), way.from)
    return { ...way, point: { ...way.point, fromMac } }
  }
}

/** `eth0 of control-plane, up0 of kong-a are down`; a bridge may have hundreds. */
function renderEnds(ends: readonly PlacedInterface[]): string {
  const told = ends.slice(0, toldEnds).map(({ name, namespace }) => `${name} of ${namespace}`)
  const more = ends.length > toldEnds ? ` and ${ends.length - toldEnds} more` : ''
  return `${told.join(', ')}${more} ${ends.length === 1 ? 'is' : 'are'} down`
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
