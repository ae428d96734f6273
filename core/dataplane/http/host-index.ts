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
  return {
    find: (host) => (exact.has(host) ? host : wildcards.find((wildcard) => fits(wildcard, host))),
  }
}

/** `*` stands for one character or more, dots included. */
function fits(wildcard: string, host: string): boolean {
  if (host.length < wildcard.length) return false
  return wildcard.startsWith('*')
    ? host.endsWith(wildcard.slice(1))
    : host.startsWith(wildcard.slice(0, -1))
}
