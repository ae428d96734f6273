import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { der, derTag, derTime, objectIdentifier, parseDer, positiveInteger } from './der.ts'

describe('positiveInteger', () => {
  it('is a positive DER integer in its shortest form, of the same value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        const content = positiveInteger(bytes)
        expect(BigInt(`0x${content.toString('hex')}`)).toBe(
          BigInt(`0x${Buffer.from(bytes).toString('hex')}`),
        )
        const [first = 0, second = 0] = content
        expect(first).toBeLessThan(0x80)
        if (first === 0 && content.length > 1) expect(second).toBeGreaterThanOrEqual(0x80)
      }),
    )
  })
})

describe('objectIdentifier', () => {
  it('packs each number into groups of seven bits', () => {
    // RFC 8017, appendix C: pkcs-1.
    expect(objectIdentifier('1.2.840.113549.1.1').toString('hex')).toBe('06082a864886f70d0101')
    expect(objectIdentifier('2.5.29.19').toString('hex')).toBe('0603551d13')
  })
})

describe('derTime', () => {
  it('has two digits for the year up to 2049, and four from then on', () => {
    const at = (text: string): string => derTime(new Date(text)).subarray(2).toString()
    expect(at('2049-12-31T23:59:59.999Z')).toBe('491231235959Z')
    expect(at('2050-01-01T00:00:00Z')).toBe('20500101000000Z')
  })
})

describe('parseDer', () => {
  it('finds the values that were written, of any length', () => {
    const anyContent = fc
      .tuple(fc.constantFrom(0, 1, 127, 128, 255, 256, 65_536), fc.nat(255))
      .map(([length, byte]) => Buffer.alloc(length, byte))
    fc.assert(
      fc.property(fc.array(anyContent, { maxLength: 4 }), (contents) => {
        const written = contents.map((content) => der(derTag.octetString, content))
        const read = parseDer(Buffer.concat(written))
        expect(read.map(({ content }) => content)).toStrictEqual(contents)
        expect(read.map(({ encoded }) => encoded)).toStrictEqual(written)
      }),
      { numRuns: 30 },
    )
  })

  it('refuses a value that is cut off', () => {
    const whole = der(derTag.sequence, Buffer.alloc(200))
    expect(() => parseDer(whole.subarray(0, 150))).toThrow(RangeError)
  })
})
