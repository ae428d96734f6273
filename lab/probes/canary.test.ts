import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCanary, makeCanary } from './canary.ts'
import { ethernet, pcap, type PacketSpec } from './packet-builder.ts'
import { parsePcap } from './pcap.ts'
import { joinRuns, missingBytes } from './runs.ts'
import { findTcpConnections, type TcpConnection } from './tcp-flows.ts'

const canary = makeCanary()

/** One connection whose client says these parts, in this order of arrival. */
function heard(parts: readonly { readonly at: number; readonly text: string }[]): TcpConnection {
  const packets: PacketSpec[] = [
    { sequence: 0, flags: 'S' },
    ...parts.map(({ at, text }) => ({ sequence: 1 + at, flags: 'PA', payload: text })),
  ]
  const { linkType, frames } = parsePcap(pcap(packets.map((packet) => ethernet(packet))))
  const [connection] = findTcpConnections(linkType, frames)
  if (connection === undefined) throw new Error('no connection')
  return connection
}

const find = (connection: TcpConnection): readonly string[] =>
  findCanary(canary, { ...connection, content: undefined }).map(
    ({ as, form, frame }) => `${as} ${form} at ${frame?.atMs}`,
  )

describe('findCanary', () => {
  it('finds a secret cut anywhere into segments that came in any order, and names the first', () => {
    const text = `GET /${canary} HTTP/1.1\r\n`
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 6 })
    fc.assert(
      fc.property(cuts, fc.infiniteStream(fc.nat()), (at, order) => {
        const edges = [0, ...at.toSorted((a, b) => a - b), text.length]
        const parts = edges.slice(0, -1).map((edge, index) => ({
          at: edge,
          text: text.slice(edge, edges[index + 1]),
        }))
        const ranks = new Map(parts.map((part) => [part, order.next().value]))
        const shuffled = parts.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0))
        // Frame n is taken at second n and n ms; the SYN is frame 0.
        const begins = shuffled.findIndex((part) => part.at <= 5 && 5 < part.at + part.text.length)
        expect(find(heard(shuffled))).toEqual([`plaintext as it is at ${(begins + 1) * 1001}`])
      }),
    )
  })

  it('finds it in hexadecimal and in base64 behind any text', () => {
    expect(find(heard([{ at: 0, text: Buffer.from(canary).toString('hex') }]))).toEqual([
      'plaintext in hexadecimal at 1001',
    ])
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), fc.string(), (before, after) => {
        const text = Buffer.from(`${before}${canary}${after}`).toString('base64')
        expect(find(heard([{ at: 0, text }]))).toEqual(['plaintext in base64 at 1001'])
      }),
    )
  })

  it('finds nothing where there is another secret, or a part of it', () => {
    expect(find(heard([{ at: 0, text: makeCanary() }]))).toEqual([])
    expect(find(heard([{ at: 0, text: canary.slice(1) }]))).toEqual([])
  })

  it('does not put together what a gap keeps apart, and the gap is known', () => {
    const { toServer, ...rest } = heard([
      { at: 0, text: canary.slice(0, 10) },
      { at: 20, text: canary.slice(10) },
    ])
    expect(find({ toServer, ...rest })).toEqual([])
    expect(joinRuns(toServer).map(({ offset }) => offset)).toEqual([0, 20])
    expect(missingBytes(toServer)).toBe(10)
  })
})
