import { parseHostPort } from './address.ts'
import type { ListenAddress } from './kong-config.ts'

const flags = ['ssl', 'http2', 'proxy_protocol', 'transparent'] as const
type Flag = (typeof flags)[number]

/** The flags each listen key understands, in the order in which nginx is given them. */
const flagsOf = {
  proxy_listen: flags,
  admin_listen: flags,
  stream_listen: ['proxy_protocol', 'transparent'],
} as const satisfies Record<string, readonly Flag[]>

export type ListenKey = keyof typeof flagsOf

/** Parses the entries of a listen key (Kong 1.1, "proxy_listen"); an entry that cannot be read leaves none. */
export function parseListen(
  key: ListenKey,
  entries: readonly string[],
): { readonly addresses: readonly ListenAddress[]; readonly faults: readonly string[] } {
  if (entries[0] === 'off') return { addresses: [], faults: [] }
  const allowed: readonly Flag[] = flagsOf[key]
  const addresses = entries.map((entry) => parseEntry(entry, allowed))
  if (addresses.length === 0 || addresses.includes(undefined)) {
    const usage = allowed.map((flag) => `[${flag}]`).join(' ')
    const fault = `${key} must be of form: [off] | <ip>:<port> ${usage}, [... next entry ...]`
    return { addresses: [], faults: [fault] }
  }
  return { addresses: addresses.filter((address) => address !== undefined), faults: [] }
}

function parseEntry(entry: string, allowed: readonly Flag[]): ListenAddress | undefined {
  const words = entry.split(/\s+/)
  const given = allowed.filter((flag) => words.includes(flag))
  const rest = words.filter((word) => !given.some((flag) => flag === word))
  const end = rest.length === 1 ? parseHostPort(rest[0] ?? '') : undefined
  if (!end) return undefined
  const shown = end.host.includes(':') ? `[${end.host}]:${end.port}` : `${end.host}:${end.port}`
  return {
    ip: end.host,
    port: end.port,
    ssl: given.includes('ssl'),
    http2: given.includes('http2'),
    proxyProtocol: given.includes('proxy_protocol'),
    transparent: given.includes('transparent'),
    listener: [shown, ...given].join(' '),
  }
}

/** Says which addresses are asked for more than once, by one listen key or by several. */
export function duplicateListenFaults(
  listens: Readonly<Record<ListenKey, readonly ListenAddress[]>>,
): string[] {
  const askedBy = new Map<string, ListenKey[]>()
  for (const key of ['proxy_listen', 'stream_listen', 'admin_listen'] as const) {
    for (const { listener } of listens[key]) {
      const end = listener.split(' ', 1)[0] ?? ''
      askedBy.set(end, [...(askedBy.get(end) ?? []), key])
    }
  }
  return [...askedBy]
    .filter(([, keys]) => keys.length > 1)
    .map(([end, keys]) => {
      const names = [...new Set(keys)]
      return names.length === 1
        ? `${names[0]} names ${end} more than once: give each listener an address and port of its own`
        : `${names.join(' and ')} both name ${end}: give each listener an address and port of its own`
    })
}
