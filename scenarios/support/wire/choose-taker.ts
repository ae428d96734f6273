import type { LinkConnection } from '#lab/probes/link-captures.ts'
import type { TopologyRecord } from '#reports/record/record.ts'

/** What packets alone do not say about who takes a connection. */
export interface Way {
  readonly topology: TopologyRecord
  /** The way of a connection while interception is installed: each node takes what the one before it dials. */
  readonly path: readonly string[]
  readonly rules: 'installed' | 'removed'
  /** Destination ports that are intercepted. */
  readonly ports: ReadonlySet<number>
  /** By link: both ends of what is intercepted, where addresses do not tell. */
  readonly ends?: Readonly<Record<string, LinkEnds>>
}

/** Who dials and who takes what is intercepted on one link. */
export interface LinkEnds {
  readonly from: string
  readonly to: string
  /** Whose address the dialler uses; of any other the owner dials. Default: everybody's. */
  readonly as?: string
}

export interface Dialled {
  readonly from: string | undefined
  /** Who owns the address that was dialled. */
  readonly owner: string | undefined
  readonly port: number
  /** Every link that shows the connection. */
  readonly links: readonly string[]
}

/**
 * The node that a connection ended at. Links tell: it is the owner of the address, if one of them leads there, and
 * otherwise the node on them that is furthest along the way. Where everything shares one interface, the rules tell.
 */
export function chooseTaker(dialled: Dialled, way: Way): string | undefined {
  const { from, owner, port, links } = dialled
  const members = way.topology.links
    .filter(({ name }) => links.includes(name))
    .flatMap(({ between }) => between)
  if (members.length > 0) {
    if (owner !== undefined && members.includes(owner)) return owner
    return way.path.findLast((name) => name !== from && members.includes(name))
  }
  if (way.rules === 'removed' || !way.ports.has(port) || from === undefined) return owner
  const place = way.path.indexOf(from)
  // Of everybody else's the last proxy takes what is meant for its service.
  return (place < 0 ? way.path.at(-2) : way.path[place + 1]) ?? owner
}

/** Equal for what two links show of the same connection. */
export function connectionKey({ client, server }: LinkConnection): string {
  return [client.address, client.port, server.address, server.port].join(' ')
}
