import { isIP, isIPv6 } from 'node:net'
import { unmapped } from '#core/base/cidr.ts'
import type { HeaderField } from '#core/codec/http1-header-field.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { HttpSettings, RealIp } from '#core/model/listener.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import { isTrusted } from './trusted-peers.ts'

const defaultRealIp: RealIp = { from: { header: 'X-Real-IP' }, recursive: false }

/** The one header of which all lines count, the last one first. */
const listHeader = 'x-forwarded-for'

/**
 * Who sent a request, as far as trusted peers tell the truth about it: what the real-IP header says where the direct
 * peer is trusted, otherwise the direct peer. As in nginx's realip module the last address of the header counts; with
 * `recursive`, addresses that are trusted themselves are passed over. The port is 0 where nothing names it.
 */
export function resolveClient(
  connection: ConnectionInfo,
  fields: readonly HeaderField[],
  settings: Pick<HttpSettings, 'trustedPeers' | 'realIp'>,
): SocketAddress {
  const { trustedPeers, realIp = defaultRealIp } = settings
  const peer = connection.client
  if (!isTrusted(trustedPeers, peer.address)) return peer
  if (realIp.from === 'proxy-protocol') return connection.announced ?? peer
  const key = realIp.from.header.toLowerCase()
  const lines = fields.filter((field) => field.key === key).map(({ value }) => value)
  const counted = key === listHeader ? lines : lines.slice(0, 1)
  return lastUntrusted(addressesOf(counted), peer, {
    trustedPeers,
    steps: realIp.recursive ? Infinity : 1,
  })
}

/** Goes back from address to address while the one that named it is trusted and it can be read. */
function lastUntrusted(
  addresses: readonly string[],
  peer: SocketAddress,
  { trustedPeers, steps }: { readonly trustedPeers: readonly string[]; readonly steps: number },
): SocketAddress {
  let client = peer
  for (const text of addresses.toReversed().slice(0, steps)) {
    if (!isTrusted(trustedPeers, client.address)) break
    const address = readAddress(text)
    if (address === undefined) break
    client = address
  }
  return client
}

/** nginx separates by commas and blanks alike. */
function addressesOf(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(/[ ,]+/).filter((part) => part !== ''))
}

/** `10.0.0.1`, `10.0.0.1:80`, `::1` or `[::1]:80`. */
function readAddress(text: string): SocketAddress | undefined {
  if (isIP(text) !== 0) return { address: unmapped(text), port: 0 }
  const [, bracketed, plain, digits] =
    /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const legal = bracketed === undefined ? isIP(plain ?? '') === 4 : isIPv6(bracketed)
  const port = Number(digits ?? 0)
  if (!legal || port > 65_535) return undefined
  return { address: unmapped((bracketed ?? plain)!), port }
}
