import type { Interface } from '#netns/netlink/route-requests.ts'
import type { LinkLayout, PlacedInterface } from '#netns/link-layout.ts'

/** One end of a link, and one way through it. */
export interface ShapingPoint {
  readonly namespace: string
  readonly interface: Interface
  /** `out`: what the namespace sends through the interface; `in`: what it receives. */
  readonly direction: 'out' | 'in'
  /** Only packets from this MAC address count; of use with `in` on a bridge. Lower case, with colons. */
  readonly fromMac?: string
}

/** Tells points apart. */
export function pointKey({
  namespace,
  interface: { name },
  direction,
  fromMac,
}: ShapingPoint): string {
  return [namespace, name, direction, ...(fromMac === undefined ? [] : [fromMac])].join(' ')
}

/** The point in words, for errors and listings. */
export function tellPoint({
  namespace,
  interface: { name },
  direction,
  fromMac,
}: ShapingPoint): string {
  const way = direction === 'out' ? 'sends through' : 'receives through'
  return `what ${namespace} ${way} ${name}${fromMac === undefined ? '' : ` from ${fromMac}`}`
}

/** The other end of the pair that an interface is one end of. */
export function peerOf(
  layout: LinkLayout,
  { namespace, interface: { name } }: Pick<ShapingPoint, 'namespace' | 'interface'>,
): PlacedInterface {
  const is = (end: PlacedInterface): boolean => end.namespace === namespace && end.name === name
  for (const { ends } of layout.pairs) {
    if (is(ends[0])) return ends[1]
    if (is(ends[1])) return ends[0]
  }
  throw new RangeError(`${name} in ${namespace} is no end of a link`)
}

/** The interface through whose queueing discipline the packets of a point leave, and where it is. */
export function egressOf(
  layout: LinkLayout,
  point: ShapingPoint,
): Interface & { readonly namespace: string } {
  if (point.fromMac !== undefined) {
    throw new RangeError(
      `A queueing discipline cannot tell ${tellPoint(point)} from the rest of its traffic`,
    )
  }
  if (point.direction === 'in') return peerOf(layout, point)
  return { namespace: point.namespace, ...point.interface }
}
