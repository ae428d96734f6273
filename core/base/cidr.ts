import { BlockList, isIP, isIPv6 } from 'node:net'

/** Answers whether an address lies in any of the given addresses or CIDR blocks; both families. */
export interface AddressSet {
  has(address: string): boolean
}

/** @throws RangeError when an entry is neither an address nor a CIDR block. */
export function addressSet(entries: readonly string[]): AddressSet {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', length, ...rest] = entry.split('/')
    const family = isIP(address)
    const widest = family === 6 ? 128 : 32
    const bits =
      length === undefined ? widest : /^\d{1,3}$/.test(length) ? Number(length) : Infinity
    if (family === 0 || bits > widest || rest.length > 0) {
      throw new RangeError(`Cannot read "${entry}" as an address or CIDR block`)
    }
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4')
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
