import { isIPv4 } from 'node:net'
import { unmapped } from '#core/base/cidr.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { EndMatch } from '#core/model/stream-route.ts'

/** Finds items by one end of a connection. */
export class EndIndex<item> {
  readonly #byAddress = new Map<string, Ports<item>>()
  readonly #byPort = new Map<number, item[]>()
  /** Items by network, for each prefix length that occurs. */
  readonly #byNetwork = new Map<number, Map<number, Ports<item>>>()

  /** Adds the item under every one of its keys. */
  add(keys: readonly EndKey[], item: item): void {
    for (const { bits, network, address, port } of keys) {
      if (address !== undefined) pushTo(this.#byAddress, address, port, item)
      else if (bits !== undefined && network !== undefined) {
        const networks = this.#byNetwork.get(bits) ?? new Map<number, Ports<item>>()
        this.#byNetwork.set(bits, networks)
        pushTo(networks, network, port, item)
      } else if (port !== undefined) push(this.#byPort, port, item)
    }
  }

  /** Calls `found` with every item of which a key fits this end, with some more than once. */
  find({ address, port }: SocketAddress, found: (item: item) => void): void {
    if (this.#byPort.size > 0) this.#byPort.get(port)?.forEach(found)
    if (this.#byAddress.size === 0 && this.#byNetwork.size === 0) return
    const plain = unmapped(address)
    findAt(this.#byAddress.get(plain), port, found)
    if (this.#byNetwork.size === 0 || plain.includes(':')) return
    const number = parseIpv4(plain)
    for (const [bits, networks] of this.#byNetwork) {
      findAt(networks.get(networkOf(number, bits)), port, found)
    }
  }
}

/** Items for every port, and for one. */
interface Ports<item> {
  readonly any: item[]
  readonly one: Map<number, item[]>
}

/** A way to look up an end: by address or IPv4 network, by port, or by both. */
export interface EndKey {
  readonly address?: string
  readonly bits?: number
  readonly network?: number
  readonly port?: number | undefined
}

/** The keys of alternatives, or nothing when one of them can only be tried. */
export function keysOf(ends: readonly EndMatch[]): readonly EndKey[] | undefined {
  const keys: EndKey[] = []
  for (const { block, port } of ends) {
    if (block === undefined) {
      if (port === undefined) return undefined
      keys.push({ port })
      continue
    }
    const [address = '', length] = block.split('/')
    if (!isIPv4(address)) return undefined
    const bits = length === undefined ? 32 : Number(length)
    if (bits === 32) keys.push({ address, port })
    else keys.push({ bits, network: networkOf(parseIpv4(address), bits), port })
  }
  return keys
}

/** Equal for equal keys. */
export function nameOfKey({ address, bits, network, port }: EndKey): string {
  return `${address ?? ''} ${network ?? ''}/${bits ?? ''} ${port ?? ''}`
}

function findAt<item>(
  ports: Ports<item> | undefined,
  port: number,
  found: (item: item) => void,
): void {
  if (ports === undefined) return
  ports.any.forEach(found)
  if (ports.one.size > 0) ports.one.get(port)?.forEach(found)
}

function pushTo<place, item>(
  map: Map<place, Ports<item>>,
  place: place,
  port: number | undefined,
  item: item,
): void {
  let ports = map.get(place)
  if (ports === undefined) map.set(place, (ports = { any: [], one: new Map() }))
  if (port === undefined) ports.any.push(item)
  else push(ports.one, port, item)
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
