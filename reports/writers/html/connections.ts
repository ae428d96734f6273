import type { HopRecord, TopologyRecord } from '#reports/record/record.ts'
import { arrived, endsOf } from './hop-words.ts'

/** One TCP connection, seen on one link or, where it was forwarded, on several. */
export interface Connection {
  readonly from: string
  /** The node it ended at, as far as its links tell: a proxy may take what was dialled for somebody else. */
  readonly to: string
  /** The node, or else the address, that was dialled. */
  readonly dialled: string
  readonly links: readonly string[]
  readonly at: string
  /** The packets of one of its links: one on which it did not arrive, if there is any. */
  readonly hop: HopRecord
}

/** Puts together what was seen of each connection on several links, oldest first. */
export function compileConnections(
  hops: readonly HopRecord[],
  topology: TopologyRecord | undefined,
): readonly Connection[] {
  const links = topology?.links ?? []
  return groupHops(hops).map((group) => {
    const [first] = group
    const [from, dialled] = endsOf(first)
    const seenOn = group.map(({ link }) => link)
    const members = links
      .filter(({ name }) => seenOn.includes(name))
      .flatMap(({ between }) => between)
    return {
      from: nearestTo(from, members, links),
      to: nearestTo(
        dialled,
        members.filter((name) => name !== from),
        links,
      ),
      dialled,
      links: seenOn,
      at: first.at,
      hop: group.find((hop) => !arrived(hop)) ?? first,
    }
  })
}

type Group = readonly [HopRecord, ...HopRecord[]]

/** The same addresses and ports on another link are the same connection; on the same link again they are a new one. */
function groupHops(hops: readonly HopRecord[]): readonly Group[] {
  const groups: [HopRecord, ...HopRecord[]][] = []
  for (const hop of hops) {
    const group = groups.findLast(
      ([first]) => first.source === hop.source && first.destination === hop.destination,
    )
    if (group === undefined || group.some(({ link }) => link === hop.link)) groups.push([hop])
    else group.push(hop)
  }
  return groups
}

/** The node itself where it is among those on the links, else the one of them that is fewest links away from it. */
function nearestTo(
  node: string,
  members: readonly string[],
  links: TopologyRecord['links'],
): string {
  const reached = new Set([node])
  // A set hands out what is added while it is walked: breadth first.
  for (const name of reached) {
    if (members.includes(name)) return name
    for (const { between } of links) {
      if (between.includes(name)) for (const next of between) reached.add(next)
    }
  }
  return node
}
