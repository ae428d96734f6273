import type { LinkEndSpec, LinkSpec, Topology } from '#lab/topology/topology.ts'

/** What of a topology, or of the plan of a lab, says where packets are. */
export interface CaptureGround {
  readonly namespaces: readonly { readonly name: string }[]
  readonly links: Topology['links']
  readonly nodes: readonly { readonly name: string; readonly namespace: string }[]
}

/** Where to capture so that each connection is seen once on each link it crosses. */
export interface CapturePoint {
  readonly link: string
  /** A node in whose namespace the interface is. */
  readonly node: string
  readonly interface: string
}

/**
 * Chooses one point for each link, and the loopback interface of each namespace that nodes share: what they say to each
 * other crosses no link. Where there are no links at all, that is where all traffic is.
 *
 * @throws {RangeError} When no node is in a namespace where packets have to be captured.
 */
export function chooseCapturePoints({ namespaces, links, nodes }: CaptureGround): CapturePoint[] {
  const nodeIn = (namespace: string): string => {
    const found = nodes.find((node) => node.namespace === namespace)
    if (found === undefined) throw new RangeError(`No node is in the namespace "${namespace}".`)
    return found.name
  }
  if (links.length === 0) {
    return namespaces.map(({ name }) => ({
      link: 'lo',
      node: nodeIn(name),
      interface: 'lo',
    }))
  }
  const shared = namespaces.filter(
    ({ name }) => nodes.filter(({ namespace }) => namespace === name).length > 1,
  )
  const loopbacks = shared.map(({ name }) => ({
    link: `lo-${name}`,
    node: nodeIn(name),
    interface: 'lo',
  }))
  const points = links.map((link) => {
    const [near] = link.ends
    if (near === undefined) throw new RangeError(`The link "${link.name}" has no end.`)
    return { link: link.name, ...tap(link, near, nodeIn) }
  })
  return [...points, ...loopbacks]
}

/** A bridge sees each frame once; of a veth pair one end is enough. */
function tap(
  link: LinkSpec,
  near: LinkEndSpec,
  nodeIn: (namespace: string) => string,
): Pick<CapturePoint, 'node' | 'interface'> {
  return link.kind === 'bridge'
    ? { node: nodeIn(link.namespace), interface: link.name }
    : { node: nodeIn(near.namespace), interface: near.interface }
}
