export interface HostIndex {
  /**
   * The configured host that counts for a request: the exact one, else the first wildcard that fits. An exact host of
   * any route hides all wildcards.
   */
  find(host: string): string | undefined
}

/** @param hosts in the routes' order; at most one `*` each, as the leftmost or rightmost label. */
export function indexHosts(hosts: readonly string[]): HostIndex {
  const exact = new Set(hosts.filter((host) => !host.includes('*')))
  const wildcards = [...new Set(hosts)].filter((host) => host.includes('*'))
  if (wildcards.length === 0) return { find: (host) => (exact.has(host) ? host : undefined) }
  const ranks = { tails: new Map<string, number>(), heads: new Map<string, number>() }
  for (const [rank, wildcard] of wildcards.entries()) {
    if (wildcard.startsWith('*')) ranks.tails.set(wildcard.slice(1), rank)
    else ranks.heads.set(wildcard.slice(0, -1), rank)
  }
  return {
    find: (host) => (exact.has(host) ? host : wildcards[firstFitting(ranks, host)]),
  }
}

/** A wildcard's fixed part begins or ends with a dot, so it can only fit at the dots of a host. */
function firstFitting(
  ranks: {
    readonly tails: ReadonlyMap<string, number>
    readonly heads: ReadonlyMap<string, number>
  },
  host: string,
): number {
  let first = Infinity
  // `*` stands for one character or more, dots included.
  for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    const tail = ranks.tails.get(host.slice(dot))
    if (tail !== undefined && tail < first) first = tail
    if (dot === host.length - 1) break
    const head = ranks.heads.get(host.slice(0, dot + 1))
    if (head !== undefined && head < first) first = head
  }
  return first
}
