import type { HopRecord, TopologyRecord } from '#reports/record/record.ts'
import { findServerName, looksLikeTls } from './client-hello.ts'
import type { Endpoint } from './tcp-segment.ts'
import type { TcpConnection } from './tcp-flows.ts'

/** Address to the name of the node that owns it. */
export type AddressBook = ReadonlyMap<string, string>

/** Which node owns which address; an address that several nodes claim belongs to the first. */
export function addressBook(nodes: TopologyRecord['nodes']): AddressBook {
  const book = new Map<string, string>()
  for (const node of nodes) {
    for (const address of node.addresses) {
      const bare = address.replace(/\/\d+$/, '')
      if (!book.has(bare)) book.set(bare, node.name)
    }
  }
  return book
}

/** A connection seen on a link, in the words of the report. */
export function toHop(connection: TcpConnection, link: string, book: AddressBook): HopRecord {
  const { client, server, toServer, toClient, outcome } = connection
  return {
    link,
    at: renderTime(connection.startedAtMs),
    source: renderEndpoint(client),
    destination: renderEndpoint(server),
    from: book.get(client.address),
    to: book.get(server.address),
    payload: judgePayload(connection),
    serverName: findServerName(toServer.firstBytes),
    bytesToServer: toServer.bytes,
    bytesToClient: toClient.bytes,
    outcome,
  }
}

/** `tls` only when every side that spoke began with a TLS record, so that one plain side is never taken for encrypted. */
export function judgePayload({ toServer, toClient }: TcpConnection): HopRecord['payload'] {
  const spoken = [toServer, toClient].filter(({ bytes }) => bytes > 0)
  if (spoken.length === 0) return 'none'
  return spoken.every(({ firstBytes }) => looksLikeTls(firstBytes)) ? 'tls' : 'plaintext'
}

/** ISO 8601 with µs: the legs of one request follow each other within a ms. */
function renderTime(atMs: number): string {
  const micros = Math.round((atMs - Math.floor(atMs)) * 1000)
  const [toSecond, millis = ''] = new Date(Math.floor(atMs)).toISOString().split(/[.Z]/)
  return `${toSecond}.${millis}${String(Math.min(micros, 999)).padStart(3, '0')}Z`
}

function renderEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
