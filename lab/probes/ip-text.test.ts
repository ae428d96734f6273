import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderIpv4, renderIpv6 } from './ip-text.ts'

describe('renderIpv6', () => {
  it('writes any address as the URL parser does', () => {
    const group = fc.oneof(fc.constant([0, 0]), fc.tuple(fc.nat(255), fc.nat(255)))
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const text = renderIpv6(Uint8Array.from(groups.flat()))
        expect(`[${text}]`).toBe(new URL(`http://[${text}]/`).hostname)
      }),
    )
  })

  it('shortens the first of two equally long runs of zeros', () => {
    expect(renderIpv6(Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 3))).toBe(
      'fd00::1:0:0:2:3',
    )
  })
})

describe('renderIpv4', () => {
  it('writes dotted decimals', () => {
    expect(renderIpv4(Uint8Array.of(127, 0, 0, 5))).toBe('127.0.0.5')
  })
})
