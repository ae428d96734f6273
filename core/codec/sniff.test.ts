import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sniff } from './sniff.ts'

describe('sniff', () => {
  it.each([
    ['', 'need-more'],
    ['16', 'need-more'],
    ['1603', 'need-more'],
    ['16030100f8', 'need-more'],
    ['16030100f801', 'tls'],
    ['16030300f801', 'tls'],
    ['17', 'plain'],
    ['1602', 'plain'],
    ['1603010000', 'plain'],
    ['1603014001', 'plain'],
    ['16030100f802', 'plain'],
    ['474554202f', 'plain'],
  ])('takes %s for %s', (hex, kind) => {
    expect(sniff(Buffer.from(hex, 'hex'))).toBe(kind)
  })

  it('never changes its mind when more bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.nat(12), (bytes, cut) => {
        const early = sniff(bytes.subarray(0, cut))
        return early === 'need-more' || early === sniff(bytes)
      }),
    )
  })

  it('needs at most six bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 6 }), (bytes) => sniff(bytes) !== 'need-more'))
  })
})
