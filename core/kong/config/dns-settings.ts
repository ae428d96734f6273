import type { DnsSettings } from '#core/model/snapshot.ts'
import { settings } from './settings.ts'
import { parseResolver, resolverFaults } from './value-faults.ts'

const kinds = ['LAST', 'SRV', 'A', 'AAAA', 'CNAME'] as const

/** Reads the `dns_*` keys (Kong 1.1, "DNS resolver section"). */
export function parseDns(
  text: (key: string) => string,
  list: (key: string) => readonly string[],
  fileExists: (path: string) => boolean,
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
  const hosts = text('dns_hostsfile')
  // A machine without the usual file has none that anybody meant.
  if (hosts !== '' && hosts !== settings['dns_hostsfile']?.default && !fileExists(hosts)) {
    faults.push('dns_hostsfile: file does not exist')
  }
  if (asked.length === 0) faults.push('dns_order must name at least one of LAST, SRV, A, CNAME')
  return {
    faults,
    dns: {
      servers: list('dns_resolver').flatMap((entry) => parseResolver(entry) ?? []),
      hostsFile: hosts,
      order,
      staleTtl: Number(text('dns_stale_ttl')),
      notFoundTtl: Number(text('dns_not_found_ttl')),
      errorTtl: Number(text('dns_error_ttl')),
    },
  }
}
