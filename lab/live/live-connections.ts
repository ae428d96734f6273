import type { AddressBook } from '#lab/probes/hops.ts'
import type { Frame } from '#lab/probes/pcap.ts'
import { findTcpConnections, type TcpConnection } from '#lab/probes/tcp-flows.ts'
import { parseTcpSegment } from '#lab/probes/tcp-segment.ts'
import { parseKeyLog } from '#lab/probes/tls/key-log.ts'
import { eventsOf } from './connection-events.ts'
import type { SeenEvent } from './seen-event.ts'
import type { LinkFrames } from './watch-links.ts'

/** More of one connection are not kept: it is followed no further. */
const longest = 20_000

interface Pair {
  readonly link: string
  readonly linkType: number
  frames: Frame[]
  changed: boolean
  /** How many events of each connection have been told, by its beginning. */
  readonly told: Map<Frame, number>
}

/** Follows the connections of all links from their packets. */
export class LiveConnections {
  readonly #book: AddressBook
  readonly #pairs = new Map<string, Pair>()
  #keyLog = ''

  constructor(book: AddressBook) {
    this.#book = book
  }

  addKeys(text: string): void {
    if (text === '') return
    this.#keyLog += text
    // What could not be read may be by now.
    for (const pair of this.#pairs.values()) pair.changed = true
  }

  add({ link, linkType, frames }: LinkFrames): void {
    for (const frame of frames) {
      const segment = parseTcpSegment(linkType, frame.bytes)
      if (segment === undefined) continue
      const { source, destination } = segment
      const ends = [source, destination].map(({ address, port }) => `${address} ${port}`)
      const key = [link, ...ends.toSorted()].join(' ')
      let pair = this.#pairs.get(key)
      if (pair === undefined) {
        pair = { link, linkType, frames: [], changed: true, told: new Map() }
        this.#pairs.set(key, pair)
      }
      if (pair.frames.length < longest) pair.frames.push(frame)
      pair.changed = true
    }
  }

  /** What has come to be known since the last call; connections that ended before a time are forgotten. */
  next(endedBeforeMs: number): readonly SeenEvent[] {
    const keys = parseKeyLog(this.#keyLog)
    const events: SeenEvent[] = []
    for (const [key, pair] of this.#pairs) {
      const { link, linkType, told } = pair
      if (!pair.changed) continue
      const connections = findTcpConnections(linkType, pair.frames)
      const isOver = (connection: TcpConnection): boolean =>
        connection.outcome !== 'open' && connection.frames.last.atMs <= endedBeforeMs
      for (const connection of connections) {
        const all = eventsOf(connection, { link, book: this.#book, keys })
        const { first } = connection.frames
        // What is sealed may be opened by a key that comes a moment later.
        const isSettled = !all.some(({ security }) => security === 'unknown-tls')
        if (!isSettled && !isOver(connection)) continue
        events.push(...all.slice(told.get(first) ?? 0))
        told.set(first, all.length)
      }
      // One that has ended is looked at until nothing more can come.
      pair.changed = connections.some((each) => !isOver(each) && each.outcome !== 'open')
      if (connections.every(isOver)) this.#pairs.delete(key)
    }
    return events.toSorted((a, b) => a.at.localeCompare(b.at))
  }
}
