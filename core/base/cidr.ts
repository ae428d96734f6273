import { BlockList, isIP, isIPv6 } from 'node:net'

/** Answers whether an address lies in any of the given addresses or CIDR blocks; both families. */
export interface AddressSet {
  has(address: string): boolean
}

/** @throws RangeError when an entry is neither an address nor a CIDR block. */
export function addressSet(entries: readonly string[]): AddressSet {
  const list = new BlockList()
  for (const entry of entries) {
    const slash = entry.indexOf('/')
    const address = slash === -1 ? entry : entry.slice(0, slash)
    const family = isIP(address)
    const length = slash === -1 ? (family === 6 ? 128 : 32) : Number(entry.slice(slash + 1))
    if (family === 0 || !Number.isInteger(length)) {
      throw new RangeError(`Cannot read "${entry}" as an address or CIDR block`)
    }
    list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    has: (address) => {
      const plain = unmapped(address)
      return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
    },
  }
}

/** `::ffff:10.0.0.1`, as a dual-stack socket reports it, is `10.0.0.1` to everybody else. */
export function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
