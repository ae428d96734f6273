import { isIP } from 'node:net'
import { unmapped } from '#core/base/cidr.ts'

/** Addresses by name, as a hosts(5) file lists them. */
export type Hosts = ReadonlyMap<string, readonly string[]>

/** Reads a hosts file; lines without a valid address count for nothing. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [written = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const address = unmapped(written)
    if (isIP(address) === 0) continue
    for (const name of names.map((each) => each.toLowerCase())) {
      const known = hosts.get(name) ?? []
      if (!known.includes(address)) hosts.set(name, [...known, address])
    }
  }
  return hosts
}
