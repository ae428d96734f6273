import type { HopRecord } from '#reports/record/record.ts'
import { readTlsOf, toHop, type AddressBook } from './hops.ts'
import { findLinkConnections, type LinkConnection, type LinkPackets } from './link-captures.ts'
import { numberFrames } from './merge-packets.ts'
import type { Frame } from './pcap.ts'
import { parseKeyLog, type KeyLog } from './tls/key-log.ts'
import type { TlsReading } from './tls/tls-reading.ts'

/** A connection on one link, read as far as it can be. */
export interface WireHop {
  readonly connection: LinkConnection
  /** Undefined: it is no TLS connection. */
  readonly tls: TlsReading | undefined
  readonly record: HopRecord
}

/** What all links carried. */
export interface Wire {
  /** Oldest first. */
  readonly hops: readonly WireHop[]
  /** Connections that have said nothing since the time that was asked for. */
  readonly earlier: readonly LinkConnection[]
  /** The number of a frame in the capture file that `mergePackets` makes of the same packets. */
  numberOf(frame: Frame): number | undefined
}

export interface ReadWireOptions {
  /**
   * Connections that were opened earlier and have said nothing since are left out. One that has is read from its
   * beginning: that is where its handshake is.
   */
  readonly sinceMs: number
  /** Text of the key logs, one after the other. */
  readonly keyLog: string
  readonly book: AddressBook
}

/** Reads the packets of all links, from the beginning of their captures. */
export function readWire(links: readonly LinkPackets[], options: ReadWireOptions): Wire {
  const keys = parseKeyLog(options.keyLog)
  const numbers = numberFrames(links)
  const numberOf = (frame: Frame): number | undefined => numbers.get(frame)
  const { recent = [], earlier = [] } = Object.groupBy(
    findLinkConnections(links, 0),
    (connection) => (saysSomethingSince(connection, options.sinceMs) ? 'recent' : 'earlier'),
  )
  const hops = recent.map((connection) => {
    const tls = readOnce(connection, keys)
    const { link } = connection
    return {
      connection,
      tls,
      record: toHop(connection, { link, book: options.book, tls, numberOf }),
    }
  })
  return { hops, earlier, numberOf }
}

/** Of connections that could be read whole, by their first packet, and up to which. */
const readings = new WeakMap<Frame, { readonly last: Frame; readonly tls: TlsReading }>()

/** What has been read whole stays as it is until another packet comes; who looks again need not decrypt it again. */
function readOnce(connection: LinkConnection, keys: KeyLog): TlsReading | undefined {
  const { first, last } = connection.frames
  const known = readings.get(first)
  if (known?.last === last) return known.tls
  const tls = readTlsOf(connection, keys)
  if (tls?.readable === true && tls.content !== undefined) readings.set(first, { last, tls })
  return tls
}

function saysSomethingSince(
  { frames, toServer, toClient }: LinkConnection,
  sinceMs: number,
): boolean {
  const isRecent = ({ atMs }: Frame): boolean => atMs >= sinceMs
  if (isRecent(frames.first)) return true
  return [toServer, toClient].some(({ pieces }) => pieces.some(({ frame }) => isRecent(frame)))
}
