import type { KongProcessSpec, ProcessSpec } from '#lab/topology/topology.ts'
import { store } from './store.ts'

/** Where nodes keep what they make, in a file system of their own. */
export const nodeFolder = '/run/meshyard'

/** A process whose address is whatever its engine gives it. */
export function everywhere(process: ProcessSpec): ProcessSpec {
  switch (process.kind) {
    case 'ncat':
      return { ...process, address: '0.0.0.0' }
    case 'echo':
      return { ...process, addresses: ['0.0.0.0'] }
    case 'kong':
    case 'command':
    default:
      return process
  }
}

/** A node of Kong that shares its entities through PostgreSQL, logs to its container and listens over IPv4. */
export function nodeSettings(process: KongProcessSpec): KongProcessSpec {
  const logs = ['proxy', 'admin'].flatMap((part) => [
    [`${part}_access_log`, '/dev/stdout'] as const,
    [`${part}_error_log`, '/dev/stderr'] as const,
  ])
  const listening = Object.entries(process.settings)
    .filter(([name]) => name.endsWith('_listen'))
    .map(([name, value]) => [name, overIpv4(value)] as const)
  return {
    ...process,
    prefix: `${nodeFolder}/${process.prefix}`,
    settings: {
      ...Object.fromEntries(logs),
      // An engine's resolver knows its names by address alone, and asks others for what else is wanted of them.
      dns_order: 'LAST,A,CNAME',
      ...process.settings,
      ...Object.fromEntries(listening),
      database: 'postgres',
      pg_host: store.name,
      pg_user: store.user,
      pg_database: store.database,
    },
  }
}

/** Engines give out no IPv6 addresses unless told to, and then `::1` cannot be listened on. */
function overIpv4(listen: string): string {
  const kept = listen.split(',').filter((each) => !each.trim().startsWith('['))
  return kept.length === 0 ? 'off' : kept.map((each) => each.trim()).join(', ')
}
