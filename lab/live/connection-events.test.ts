import { expect, it } from 'vitest'
import { ethernet, pcap, type PacketSpec } from '#lab/probes/packet-builder.ts'
import { parsePcap } from '#lab/probes/pcap.ts'
import { addressBook } from '#lab/probes/hops.ts'
import { findTcpConnections } from '#lab/probes/tcp-flows.ts'
import { parseKeyLog } from '#lab/probes/tls/key-log.ts'
import { eventsOf } from './connection-events.ts'

const back = { from: 5, to: 2, sourcePort: 80, destinationPort: 40_000 }
const asked: PacketSpec = { sequence: 101, flags: 'PA', payload: 'GET / HTTP/1.1\r\n\r\n' }
const answered: PacketSpec = {
  ...back,
  sequence: 501,
  flags: 'PA',
  payload: 'HTTP/1.1 200 OK\r\n\r\nhello',
}
const handshake: readonly PacketSpec[] = [
  { sequence: 100, flags: 'S' },
  { ...back, sequence: 500, flags: 'SA' },
  { sequence: 101, flags: 'A' },
]

it.each([
  ['that is asked first', [asked, answered], 1001],
  // As ncat does, which has one answer for all.
  ['that answers whatever it is asked, before it is', [answered, asked], 0],
] as const)('a request to a server %s takes the time that it takes', (_which, said, tookMs) => {
  const packets = [...handshake, ...said, { ...back, sequence: 525, flags: 'FA' }]
  const { linkType, frames } = parsePcap(pcap(packets.map((packet) => ethernet(packet))))
  const context = { link: 'wire', book: addressBook([]), keys: parseKeyLog('') }
  const events = findTcpConnections(linkType, frames).flatMap((each) => eventsOf(each, context))
  expect(events).toMatchObject([{ request: { method: 'GET', path: '/', status: 200 } }])
  expect(events[0]?.durationMs).toBeCloseTo(tookMs)
})
