import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAskable, parseResponse, renderQuestion } from './dns-message.ts'

describe('parseResponse', () => {
  it('reads names through pointers', () => {
    const { answers, question, id } = parseResponse(response([pointer(12), a(60, [192, 0, 2, 1])]))
    expect({ id, question }).toEqual({ id: 7, question: { name: 'www.test', type: 1 } })
    expect(answers).toEqual([{ name: 'www.test', ttl: 60, type: 'A', address: '192.0.2.1' }])
  })

  it('takes a TTL with the highest bit for none', () => {
    const { answers } = parseResponse(response([pointer(12), a(0x80_00_00_01, [192, 0, 2, 1])]))
    expect(answers[0]?.ttl).toBe(0)
  })

  it.each([
    ['a name that points at itself', [pointer(26), a(60, [192, 0, 2, 1])]],
    ['a name that points forward', [pointer(40), a(60, [192, 0, 2, 1])]],
    ['an address of three bytes', [pointer(12), a(60, [192, 0, 2])]],
    ['an address of five bytes', [pointer(12), a(60, [192, 0, 2, 1, 1])]],
    ['fewer records than it promises', []],
    ['an unknown label type', [Buffer.from([0x40]), a(60, [192, 0, 2, 1])]],
  ])('refuses %s', (_what, parts) => {
    expect(() => parseResponse(response(parts))).toThrow(RangeError)
  })

  it('reads any bytes to an end, or refuses them with a RangeError', () => {
    const good = response([pointer(12), a(60, [192, 0, 2, 1])])
    const damaged = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 })
      .map((changes) => {
        const bytes = Buffer.from(good)
        for (const [at, byte] of changes) bytes[at] = byte
        return bytes
      })
    const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.oneof(damaged, anything), (bytes) => {
        try {
          parseResponse(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 5000 },
    )
  })
})

describe('isAskable', () => {
  it('refuses exactly what does not fit into a question', () => {
    expect(isAskable('a'.repeat(63))).toBe(true)
    expect(isAskable('a'.repeat(64))).toBe(false)
    expect(isAskable(Array.from({ length: 127 }, () => 'a').join('.'))).toBe(true)
    expect(isAskable(Array.from({ length: 128 }, () => 'a').join('.'))).toBe(false)
    expect(isAskable('_sip._tcp.test')).toBe(true)
    expect(isAskable('a..test')).toBe(false)
  })
})

/** A response with one promised record. */
function response(record: readonly Buffer[]): Buffer {
  const message = Buffer.concat([renderQuestion(7, { name: 'www.test', type: 'A' }), ...record])
  message.writeUInt16BE(0x81_80, 2)
  message.writeUInt16BE(1, 6)
  return message
}

function pointer(to: number): Buffer {
  return Buffer.from([0xc0 | (to >> 8), to & 0xff])
}

function a(ttl: number, address: readonly number[]): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(1, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(address.length, 8)
  return Buffer.concat([fixed, Buffer.from(address)])
}
