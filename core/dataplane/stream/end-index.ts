import { isIPv4 } from 'node:net'
import { unmapped } from '#core/base/cidr.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { EndMatch } from '#core/model/stream-route.ts'

/** Finds items by one end of a connection. What it finds fits by one of its keys and must still be tried as a whole. */
export class EndIndex<item> {
  readonly #byKey = new Map<string, item[]>()
  /** Items by network, for each prefix length that occurs. */
  readonly #byNetwork = new Map<number, Map<number, item[]>>()

  /** Adds the item under every one of its keys. */
  add(keys: readonly EndKey[], item: item): void {
    for (const key of keys) {
      if (typeof key === 'string') push(this.#byKey, key, item)
      else {
        const networks = this.#byNetwork.get(key.bits) ?? new Map<number, item[]>()
        this.#byNetwork.set(key.bits, networks)
        push(networks, key.network, item)
      }
    }
  }

  /** Calls `found` with every item that has a key of this end, with some more than once. */
  find(end: SocketAddress, found: (item: item) => void): void {
    const address = unmapped(end.address)
    this.#byKey.get(address)?.forEach(found)
    this.#byKey.get(`${address}|${end.port}`)?.forEach(found)
    this.#byKey.get(`|${end.port}`)?.forEach(found)
    if (this.#byNetwork.size === 0 || address.includes(':')) return
    const number = parseIpv4(address)
    for (const [bits, networks] of this.#byNetwork) {
      networks.get(networkOf(number, bits))?.forEach(found)
    }
  }
}

/** A way to look up an end: address, address and port, port, or IPv4 network. */
export type EndKey = string | { readonly bits: number; readonly network: number }

/** The keys of alternatives, or nothing when one of them can only be tried. */
export function keysOf(ends: readonly EndMatch[]): readonly EndKey[] | undefined {
  const keys: EndKey[] = []
  for (const { block, port } of ends) {
    if (block === undefined) {
      if (port === undefined) return undefined
      keys.push(`|${port}`)
      continue
    }
    const [address = '', length] = block.split('/')
    if (!isIPv4(address)) return undefined
    const bits = length === undefined ? 32 : Number(length)
    if (bits === 32) keys.push(port === undefined ? address : `${address}|${port}`)
    else keys.push({ bits, network: networkOf(parseIpv4(address), bits) })
  }
  return keys
}

/** Equal for equal keys. */
export function nameOfKey(key: EndKey): string {
  return typeof key === 'string' ? key : `${key.network}/${key.bits}`
}

function push<key, item>(map: Map<key, item[]>, key: key, item: item): void {
  const items = map.get(key)
  if (items === undefined) map.set(key, [item])
  else items.push(item)
}

/** The address with all but the first bits cleared. */
export function networkOf(address: number, bits: number): number {
  return bits === 0 ? 0 : (address & (-1 << (32 - bits))) >>> 0
}

/** A dotted address as a number. */
export function parseIpv4(address: string): number {
  let number = 0
  let part = 0
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at)
    if (code === 46) {
      number = number * 256 + part
      part = 0
    } else part = part * 10 + code - 48
  }
  return number * 256 + part
}
