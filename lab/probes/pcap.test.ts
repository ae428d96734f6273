import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ethernet, pcap } from './packet-builder.ts'
import { parsePcap } from './pcap.ts'
import { findTcpConnections } from './tcp-flows.ts'

const frames = [ethernet({ payload: 'one' }), ethernet({ payload: 'three' })]

describe('parsePcap', () => {
  it.each([
    { littleEndian: true, nanoseconds: false },
    { littleEndian: false, nanoseconds: false },
    { littleEndian: true, nanoseconds: true },
    { littleEndian: false, nanoseconds: true },
  ])('reads frames and times: $littleEndian, $nanoseconds', (options) => {
    const file = parsePcap(pcap(frames, options))
    expect(file).toMatchObject({ linkType: 1, cut: false })
    expect(file.frames.map(({ bytes }) => Buffer.from(bytes))).toEqual(frames)
    expect(file.frames.map(({ atMs }) => atMs)).toEqual([0, 1001])
  })

  it('keeps the whole frames of a file that is still being written', () => {
    const whole = pcap(frames)
    for (let length = 24; length < whole.length; length++) {
      const file = parsePcap(whole.subarray(0, length))
      const expected = length >= 24 + 16 + (frames[0]?.length ?? 0) ? 1 : 0
      expect(file.frames).toHaveLength(expected)
      expect(file.cut).toBe(length !== 24 && length !== 24 + 16 + (frames[0]?.length ?? 0))
    }
  })

  it('refuses what is not a capture file, and says what it saw', () => {
    expect(() => parsePcap(Buffer.from('tcpdump'))).toThrow('it has 7 bytes')
    expect(() => parsePcap(Buffer.alloc(24))).toThrow('it begins with 0x0')
  })

  it('refuses a frame longer than any capture makes', () => {
    const damaged = pcap(frames)
    damaged.writeUInt32LE(0x7fffffff, 24 + 8)
    expect(() => parsePcap(damaged)).toThrow('frame 1 at byte 24 claims 2147483647 bytes')
  })

  it('reads any damaged file without an error other than SyntaxError', () => {
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(), (changes, cut) => {
        const file = pcap([
          ethernet({ flags: 'S' }),
          ...frames,
          ethernet({ family: 6, payload: 'x' }),
        ])
        for (const { at, to } of changes) file[at % file.length] = to
        try {
          const read = parsePcap(file.subarray(0, file.length - (cut % 40)))
          findTcpConnections(read.linkType, read.frames)
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
    )
  })
})
