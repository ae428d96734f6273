import type {
  CertificateRecord,
  HopRecord,
  TlsRecord,
  TopologyRecord,
} from '#reports/record/record.ts'
import { findServerName } from './client-hello.ts'
import type { Frame } from './pcap.ts'
import { joinRuns } from './runs.ts'
import type { Endpoint } from './tcp-segment.ts'
import type { TcpConnection } from './tcp-flows.ts'
import type { KeyLog } from './tls/key-log.ts'
import { readTls } from './tls/read-tls.ts'
import type { Presented, TlsReading } from './tls/tls-reading.ts'
import { looksLikeTls } from './tls/records.ts'

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

export interface HopContext {
  readonly link: string
  readonly book: AddressBook
  /** Undefined: it is no TLS connection. */
  readonly tls: TlsReading | undefined
  /** The number of a frame in the capture file; undefined: there is none. */
  readonly numberOf: (frame: Frame) => number | undefined
}

/** A connection seen on a link, in the words of the report. */
export function toHop(connection: TcpConnection, context: HopContext): HopRecord {
  const { client, server, toServer, toClient, outcome, frames } = connection
  const { link, book, tls, numberOf } = context
  const [first, last] = [numberOf(frames.first), numberOf(frames.last)]
  return {
    link,
    at: renderTime(connection.startedAtMs),
    source: renderEndpoint(client),
    destination: renderEndpoint(server),
    from: book.get(client.address),
    to: book.get(server.address),
    payload: judgePayload(connection),
    serverName: findServerName(toServer.firstBytes),
    tls: tls && toTlsRecord(tls),
    packets: first === undefined || last === undefined ? undefined : { first, last },
    bytesToServer: toServer.bytes,
    bytesToClient: toClient.bytes,
    outcome,
  }
}

/** Reads a connection as TLS; undefined when it is none, or not on both sides. */
export function readTlsOf(connection: TcpConnection, keys: KeyLog): TlsReading | undefined {
  if (judgePayload(connection) !== 'tls') return undefined
  const { toServer, toClient } = connection
  return readTls({ toServer: beginning(toServer), toClient: beginning(toClient) }, keys)
}

/** `tls` only when every side that spoke began with a TLS record, so that one plain side is never taken for encrypted. */
export function judgePayload({ toServer, toClient }: TcpConnection): HopRecord['payload'] {
  const spoken = [toServer, toClient].filter(({ bytes }) => bytes > 0)
  if (spoken.length === 0) return 'none'
  return spoken.every(({ firstBytes }) => looksLikeTls(firstBytes)) ? 'tls' : 'plaintext'
}

/** All of a direction up to the first gap. */
function beginning(direction: TcpConnection['toServer']): Uint8Array {
  const [first] = joinRuns(direction)
  return first?.offset === 0 ? first.bytes : new Uint8Array()
}

function toTlsRecord(reading: TlsReading): TlsRecord {
  const { version, cipher, offeredAlpn, alpn, readable, resumed, established, alert } = reading
  return {
    version,
    cipher,
    offeredAlpn,
    alpn,
    readable,
    resumed,
    established,
    alert: alert && `${alert.by}: ${alert.name}`,
    serverCertificate: toCertificateRecord(reading.server),
    clientCertificate: toCertificateRecord(reading.client),
  }
}

function toCertificateRecord(presented: Presented): CertificateRecord | undefined {
  if (presented.kind !== 'certificate') return undefined
  const { subject, issuer, fingerprint } = presented.certificate
  return { subject, issuer, fingerprint, proven: presented.proven }
}

/** ISO 8601 with µs: the legs of one request follow each other within a ms. */
function renderTime(atMs: number): string {
  const micros = Math.round((atMs - Math.floor(atMs)) * 1000)
  const [toSecond, millis = ''] = new Date(Math.floor(atMs)).toISOString().split(/[.Z]/)
  return `${toSecond}.${millis}${String(Math.min(micros, 999)).padStart(3, '0')}Z`
}

/** Address and port; an IPv6 address in brackets. */
export function renderEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
