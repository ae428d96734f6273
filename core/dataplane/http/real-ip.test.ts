import { describe, expect, it } from 'vitest'
import { headerFields } from '#core/codec/http1-header-field.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { RealIp } from '#core/model/listener.ts'
import { resolveClient } from './real-ip.ts'

const peer = { address: '127.0.0.1', port: 40_000 }
const announced = { address: '192.168.0.1', port: 56_324 }

function resolve(
  lines: readonly (readonly [string, string])[],
  trustedPeers: readonly string[],
  realIp?: RealIp,
): SocketAddress {
  const connection = { id: 1, client: peer, announced, destination: { address: '::1', port: 80 } }
  return resolveClient(connection, headerFields(lines), {
    trustedPeers,
    ...(realIp === undefined ? {} : { realIp }),
  })
}

const forwardedFor = (recursive: boolean): RealIp => ({
  from: { header: 'X-Forwarded-For' },
  recursive,
})

describe('resolveClient', () => {
  it('case 191: believes X-Real-IP of a trusted peer', () => {
    const lines = [['X-Real-IP', '10.0.0.1']] as const
    expect(resolve(lines, ['127.0.0.1'])).toEqual({ address: '10.0.0.1', port: 0 })
    expect(resolve(lines, ['127.0.0.0/8'])).toEqual({ address: '10.0.0.1', port: 0 })
  })

  it('case 192: takes a peer that is not trusted for the client, whatever it says', () => {
    const lines = [
      ['X-Real-IP', '10.0.0.1'],
      ['X-Forwarded-For', '10.0.0.1'],
    ] as const
    for (const trusted of [['10.0.0.1'], []]) {
      expect(resolve(lines, trusted)).toBe(peer)
      expect(resolve(lines, trusted, forwardedFor(true))).toBe(peer)
      expect(resolve(lines, trusted, { from: 'proxy-protocol', recursive: true })).toBe(peer)
    }
  })

  it('case 193: goes back over trusted addresses of X-Forwarded-For only where that is recursive', () => {
    const trusted = ['127.0.0.1', '172.16.0.1', '192.168.0.1']
    const lines = [
      ['X-Forwarded-For', '127.0.0.1, 10.0.0.1, 192.168.0.1, 127.0.0.1, 172.16.0.1'],
    ] as const
    expect(resolve(lines, trusted, forwardedFor(true)).address).toBe('10.0.0.1')
    expect(resolve(lines, trusted, forwardedFor(false)).address).toBe('172.16.0.1')
  })

  it('case 194: believes the PROXY header of a trusted peer alone', () => {
    const realIp: RealIp = { from: 'proxy-protocol', recursive: false }
    expect(resolve([], ['127.0.0.1'], realIp)).toBe(announced)
    expect(resolve([], ['10.0.0.1'], realIp)).toBe(peer)
    expect(resolve([['X-Real-IP', '10.0.0.9']], ['127.0.0.1']).address).toBe('10.0.0.9')
  })

  it('goes back over all lines of X-Forwarded-For, but sees only the first of another header', () => {
    const lines = (name: string): readonly (readonly [string, string])[] => [
      [name, '10.0.0.1'],
      [name, '10.0.0.2,127.0.0.2'],
    ]
    const trusted = ['127.0.0.0/8']
    expect(resolve(lines('x-forwarded-for'), trusted, forwardedFor(true)).address).toBe('10.0.0.2')
    expect(resolve(lines('X-Real-IP'), trusted).address).toBe('10.0.0.1')
    const other: RealIp = { from: { header: 'CF-Connecting-IP' }, recursive: false }
    expect(resolve(lines('cf-connecting-ip'), trusted, other).address).toBe('10.0.0.1')
  })

  it('ends at the last address that can be read, and at the first one of all', () => {
    const trusted = ['127.0.0.0/8']
    const from = (value: string): string =>
      resolve([['X-Forwarded-For', value]], trusted, forwardedFor(true)).address
    expect(from('10.0.0.1, nonsense, 127.0.0.3')).toBe('127.0.0.3')
    expect(from('127.0.0.9, 127.0.0.3')).toBe('127.0.0.9')
    expect(from('nonsense')).toBe('127.0.0.1')
    expect(from('')).toBe('127.0.0.1')
    expect(from(' , 10.0.0.1 , ')).toBe('10.0.0.1')
  })

  it.each([
    ['10.0.0.1:81', '10.0.0.1', 81],
    ['fd00::1', 'fd00::1', 0],
    ['[fd00::1]:81', 'fd00::1', 81],
    ['[fd00::1]', 'fd00::1', 0],
    ['::ffff:10.0.0.1', '10.0.0.1', 0],
    ['10.0.0.1:65536', '127.0.0.1', 40_000],
    ['10.0.0', '127.0.0.1', 40_000],
    ['[10.0.0.1]', '127.0.0.1', 40_000],
  ])('reads %s as %s, port %i', (text, address, port) => {
    expect(resolve([['X-Real-IP', text]], ['127.0.0.1'])).toEqual({ address, port })
  })
})
