import { describe, expect, it } from 'vitest'
import { ethernet, pcap, type PacketSpec } from './packet-builder.ts'
import { parsePcap } from './pcap.ts'
import { findTcpConnections, type TcpConnection } from './tcp-flows.ts'

const toServer = (sequence: number, flags: string, payload = ''): PacketSpec => ({
  sequence,
  flags,
  payload,
})
const toClient = (sequence: number, flags: string, payload = ''): PacketSpec => ({
  from: 5,
  to: 2,
  sourcePort: 80,
  destinationPort: 40_000,
  sequence,
  flags,
  payload,
})
const handshake = [toServer(100, 'S'), toClient(500, 'SA'), toServer(101, 'A')]
const find = (...packets: PacketSpec[]): TcpConnection[] => {
  const { linkType, frames } = parsePcap(pcap(packets.map((packet) => ethernet(packet))))
  return findTcpConnections(linkType, frames)
}
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()
const outcomeOf = (...packets: PacketSpec[]): string[] =>
  find(...packets).map(({ outcome }) => outcome)

describe('findTcpConnections', () => {
  it('tells who dialled whom, and what each side said and when', () => {
    const [connection] = find(...handshake, toClient(501, 'PA', 'hello'), toServer(101, 'PA', 'hi'))
    expect(connection).toMatchObject({
      client: { address: '10.0.0.2', port: 40_000 },
      server: { address: '10.0.0.5', port: 80 },
      startedAtMs: 0,
      toServer: { bytes: 2, firstPayloadAtMs: 4004 },
      toClient: { bytes: 5, firstPayloadAtMs: 3003 },
      outcome: 'open',
    })
    expect(text(connection?.toClient.firstBytes)).toBe('hello')
  })

  it('tells how connections end', () => {
    expect(outcomeOf(toServer(1, 'S'))).toEqual(['unanswered'])
    expect(outcomeOf(toServer(1, 'S'), toServer(1, 'S'))).toEqual(['unanswered'])
    expect(outcomeOf(toServer(1, 'S'), toClient(0, 'RA'))).toEqual(['refused'])
    expect(outcomeOf(...handshake)).toEqual(['open'])
    expect(outcomeOf(...handshake, toServer(101, 'FA'))).toEqual(['open'])
    expect(outcomeOf(...handshake, toServer(101, 'FA'), toClient(501, 'FA'))).toEqual(['closed'])
    expect(outcomeOf(...handshake, toServer(101, 'FA'), toClient(501, 'R'))).toEqual(['reset'])
    const late = [toServer(101, 'FA'), toClient(501, 'FA'), toServer(102, 'R')]
    expect(outcomeOf(...handshake, ...late)).toEqual(['closed'])
  })

  it('puts segments in order and counts what is sent twice once', () => {
    const [connection] = find(
      ...handshake,
      toServer(106, 'PA', 'world'),
      toServer(101, 'PA', 'hello'),
      toServer(101, 'PA', 'hello'),
      toServer(104, 'PA', 'lowor'),
    )
    expect(text(connection?.toServer.firstBytes)).toBe('helloworld')
    expect(connection?.toServer.bytes).toBe(10)
  })

  it('shows no bytes behind a gap as first bytes', () => {
    const [connection] = find(...handshake, toServer(106, 'PA', 'world'))
    expect(connection?.toServer).toMatchObject({ bytes: 10, firstBytes: { length: 0 } })
  })

  it('follows sequence numbers over their wrap', () => {
    const first = 0xffff_fffa
    const [connection] = find(
      toServer(first, 'S'),
      toClient(500, 'SA'),
      toServer(first + 1, 'PA', 'hello'),
      toServer(first + 6, 'PA', 'world'),
    )
    expect(connection?.toServer.bytes).toBe(10)
    expect(text(connection?.toServer.firstBytes)).toBe('helloworld')
  })

  it('takes a new SYN on the same ports for a new connection', () => {
    const connections = find(
      ...handshake,
      toServer(101, 'R'),
      toServer(9000, 'S'),
      toClient(7000, 'SA'),
      toClient(7001, 'PA', 'again'),
    )
    expect(connections.map(({ outcome }) => outcome)).toEqual(['reset', 'open'])
    expect(text(connections[1]?.toClient.firstBytes)).toBe('again')
  })

  it('tells when a connection ended for both sides', () => {
    const end = [toServer(101, 'FA'), toClient(501, 'FA'), toServer(102, 'A')]
    expect(find(...handshake, ...end)[0]?.endedAtMs).toBe(4004)
    expect(find(...handshake, toServer(101, 'R'), toServer(101, 'R'))[0]?.endedAtMs).toBe(3003)
    expect(find(...handshake, toServer(101, 'FA'))[0]?.endedAtMs).toBeUndefined()
  })

  it('shows nothing of an older connection that carries nothing any more', () => {
    expect(find(toClient(501, 'FA'), toServer(101, 'FA'), toClient(502, 'A'))).toEqual([])
  })

  it('names client and server of a connection that is older than the capture', () => {
    const [connection] = find(toClient(501, 'PA', 'late'), toServer(101, 'A'))
    expect(connection).toMatchObject({
      client: { port: 40_000 },
      server: { port: 80 },
      toClient: { bytes: 4 },
      outcome: 'open',
    })
  })
})
