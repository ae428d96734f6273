import { readFileSync } from 'node:fs'

/** Bits of capabilities(7). */
const wanted = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21 } as const

/**
 * Whether this process may make namespaces as it is, as root may outside of most containers. Without, it needs a user
 * namespace first, in which it then is root.
 */
export function mayMakeNamespaces(status = readFileSync('/proc/self/status', 'utf8')): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return Object.values(wanted).every((bit) => ((effective >> BigInt(bit)) & 1n) === 1n)
}

/** Options of unshare(1) and the like that make this user root where they take it; none for one who needs no such thing. */
export function becomingRoot(): readonly string[] {
  return mayMakeNamespaces() ? [] : ['--user', '--map-root-user']
}

/**
 * Whether what runs in a lab can become another user: root of a user namespace that an ordinary user made is the only
 * user there.
 */
export function mayBecomeOthers(users = readFileSync('/proc/self/uid_map', 'utf8')): boolean {
  const counts = users
    .trim()
    .split('\n')
    .map((line) => Number(line.trim().split(/\s+/)[2]))
  return mayMakeNamespaces() && counts.some((count) => count > 1)
}
