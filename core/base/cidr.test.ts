import { describe, expect, it } from 'vitest'
import { addressSet, unmapped } from './cidr.ts'

describe('addressSet', () => {
  it('holds single addresses and blocks of both families', () => {
    const set = addressSet(['10.1.0.2', '10.2.0.0/16', 'fd00::/64'])
    expect(set.has('10.1.0.2')).toBe(true)
    expect(set.has('10.1.0.3')).toBe(false)
    expect(set.has('10.2.255.1')).toBe(true)
    expect(set.has('fd00::9')).toBe(true)
    expect(set.has('fd01::9')).toBe(false)
  })

  it('knows an IPv4 address that a dual-stack socket reports as IPv6', () => {
    expect(addressSet(['10.0.0.1']).has('::ffff:10.0.0.1')).toBe(true)
  })

  it('holds no name', () => {
    expect(addressSet(['0.0.0.0/0']).has('localhost')).toBe(false)
  })

  it.for(['10.0.0.0/', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/8/8', '10.0.0/8', 'example.org', ''])(
    'refuses %j instead of taking it for a wider block',
    (entry) => {
      expect(() => addressSet([entry])).toThrow(RangeError)
    },
  )
})

describe('unmapped', () => {
  it('leaves real IPv6 addresses alone', () => {
    expect(unmapped('::1')).toBe('::1')
    expect(unmapped('::ffff:192.0.2.1')).toBe('192.0.2.1')
  })
})
