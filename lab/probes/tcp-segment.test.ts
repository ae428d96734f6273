import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientAddress, ethernet, ipPacket, serverAddress } from './packet-builder.ts'
import { parseTcpSegment } from './tcp-segment.ts'

const expected = {
  source: { address: clientAddress[4], port: 40_000 },
  destination: { address: serverAddress[4], port: 80 },
  sequence: 7,
  payloadLength: 5,
  payload: new TextEncoder().encode('hello'),
}
const spec = { sequence: 7, flags: 'PA', payload: 'hello' } as const
const flagsOf = (flags: string): unknown => parseTcpSegment(1, ethernet({ flags }))

describe('parseTcpSegment', () => {
  it('reads IPv4 over Ethernet, also inside VLAN tags', () => {
    for (const frame of [ethernet(spec), ethernet(spec, [5]), ethernet(spec, [5, 6])]) {
      expect(parseTcpSegment(1, new Uint8Array(frame))).toMatchObject(expected)
    }
  })

  it('reads IPv6, and skips extension headers before TCP', () => {
    const addresses = {
      source: { address: 'fd00::2', port: 40_000 },
      destination: { address: 'fd00::5', port: 80 },
    }
    const plain = ethernet({ ...spec, family: 6 })
    expect(parseTcpSegment(1, plain)).toMatchObject(addresses)
    const packet = ipPacket({ ...spec, family: 6 })
    const options = Buffer.from([6, 0, 1, 4, 0, 0, 0, 0])
    const extended = Buffer.concat([packet.subarray(0, 40), options, packet.subarray(40)])
    extended[6] = 60
    extended.writeUInt16BE(extended.length - 40, 4)
    const frame = Buffer.concat([Buffer.alloc(4), extended])
    expect(parseTcpSegment(0, frame)).toMatchObject({ ...addresses, payloadLength: 5 })
  })

  it('reads the cooked header of a capture on every interface', () => {
    const frame = Buffer.concat([Buffer.alloc(20), ipPacket(spec)])
    expect(parseTcpSegment(276, new Uint8Array(frame))).toMatchObject(expected)
  })

  it('tells the flags apart', () => {
    expect(flagsOf('S')).toMatchObject({ syn: true, ack: false, fin: false, rst: false })
    expect(flagsOf('SA')).toMatchObject({ syn: true, ack: true, fin: false, rst: false })
    expect(flagsOf('FA')).toMatchObject({ syn: false, ack: true, fin: true, rst: false })
    expect(flagsOf('R')).toMatchObject({ syn: false, ack: false, fin: false, rst: true })
  })

  it('does not take the padding of a short Ethernet frame for payload', () => {
    const padded = Buffer.concat([ethernet({ flags: 'A' }), Buffer.alloc(6, 0x55)])
    expect(parseTcpSegment(1, padded)).toMatchObject({ payloadLength: 0, payload: { length: 0 } })
  })

  it('counts the bytes that the snap length cut off', () => {
    const cut = ethernet(spec).subarray(0, -3)
    expect(parseTcpSegment(1, cut)).toMatchObject({ payloadLength: 5, payload: { length: 2 } })
  })

  it('leaves out other protocols, later fragments and unknown links', () => {
    const udp = ethernet(spec)
    udp[14 + 9] = 17
    const fragment = ethernet(spec)
    fragment.writeUInt16BE(0x00b9, 14 + 6)
    expect([parseTcpSegment(1, udp), parseTcpSegment(1, fragment)]).toEqual([undefined, undefined])
    expect(parseTcpSegment(105, ethernet(spec))).toBeUndefined()
  })

  it('never throws and never invents payload, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 276),
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(0x45, 0x4f, 0x60),
        (linkType, bytes, first) => {
          const start = { 0: 4, 1: 14, 276: 20 }[linkType]
          if (start < bytes.length) bytes[start] = first
          if (linkType === 1 && bytes.length > 14)
            bytes.set(first === 0x60 ? [0x86, 0xdd] : [8, 0], 12)
          const segment = parseTcpSegment(linkType, bytes)
          if (segment !== undefined) {
            expect(segment.payload.length).toBeLessThanOrEqual(segment.payloadLength)
            expect(segment.payload.length).toBeLessThan(bytes.length)
          }
        },
      ),
    )
  })
})
