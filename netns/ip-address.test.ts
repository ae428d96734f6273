import { describe, expect, it } from 'vitest'
import { parseCidr, renderAddress } from './ip-address.ts'

describe('parseCidr', () => {
  it.each([
    ['10.1.0.2', 4, [10, 1, 0, 2], 32],
    ['10.1.0.0/16', 4, [10, 1, 0, 0], 16],
    ['::1', 6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128],
    ['fd00:2::/64', 6, [0xfd, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 64],
    ['1:2:3:4:5:6:7:8/127', 6, [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8], 127],
    ['::ffff:10.0.0.1', 6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1], 128],
  ])('reads %s', (text, family, bytes, prefixLength) => {
    expect(parseCidr(text)).toEqual({ family, bytes: Uint8Array.from(bytes), prefixLength })
  })

  it.each(['', '10.0.0', '10.0.0.1/33', '10.0.0.1/', '10.0.0.1/8/8', 'fd00::/129', 'fe80::1%eth0'])(
    'refuses "%s" and says so',
    (text) => {
      expect(() => parseCidr(text)).toThrow(`Cannot read "${text}" as an address or CIDR block`)
    },
  )
})

describe('renderAddress', () => {
  it.each(['10.1.0.2', '::1', '::', 'fd00:2::5', '1:2:3:4:5:6:7:8', '2001:db8::1:0:0:1'])(
    'writes %s as it was read',
    (text) => {
      expect(renderAddress(parseCidr(text).bytes)).toBe(text)
    },
  )
})
