import type { DnsSettings } from '#core/model/snapshot.ts'
import { parseResolver, resolverFaults } from './value-faults.ts'

const kinds = ['LAST', 'SRV', 'A', 'AAAA', 'CNAME'] as const

/** Reads the `dns_*` keys (Kong 1.1, "DNS resolver section"). */
export function parseDns(
  text: (key: string) => string,
  list: (key: string) => readonly string[],
): { readonly dns: DnsSettings; readonly faults: readonly string[] } {
  const asked = list('dns_order').map((entry) => ({
    entry,
    kind: kinds.find((kind) => kind === entry.toUpperCase()),
  }))
  const order = asked.flatMap(({ kind }) => kind ?? [])
  const faults = [
    ...resolverFaults(list('dns_resolver')),
    ...asked.flatMap(({ entry, kind }) =>
      kind === undefined ? [`dns_order: invalid entry '${entry}'`] : [],
    ),
  ]
  if (asked.length === 0) faults.push('dns_order must name at least one of LAST, SRV, A, CNAME')
  return {
    faults,
    dns: {
      servers: list('dns_resolver').flatMap((entry) => parseResolver(entry) ?? []),
      hostsFile: text('dns_hostsfile'),
      order,
      staleTtl: Number(text('dns_stale_ttl')),
      notFoundTtl: Number(text('dns_not_found_ttl')),
      errorTtl: Number(text('dns_error_ttl')),
    },
  }
}
