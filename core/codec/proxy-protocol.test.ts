import { isIP } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readProxyHeader } from './proxy-protocol.ts'

const signature = '0d0a0d0a000d0a515549540a'

function binary(versionAndCommand: string, protocol: string, content: string): Buffer {
  const length = (content.length / 2).toString(16).padStart(4, '0')
  return Buffer.from(signature + versionAndCommand + protocol + length + content, 'hex')
}

const ipv4 = binary('21', '11', 'c0a800017f000001dc0401bb')
const ipv6 = binary('21', '21', `fd00${'0'.repeat(27)}1${'0'.repeat(32)}dc0401bb`)

describe('a PROXY header', () => {
  it.each([
    ['PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n', '192.168.0.1', 56_324],
    ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n', '255.255.255.255', 65_535],
    ['PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n', '0.0.0.0', 0],
    ['PROXY TCP6 fd00::1 ::1 56324 443\r\n', 'fd00::1', 56_324],
  ])('of version 1 names the client: %j', (line, address, port) => {
    const bytes = Buffer.from(`${line}GET /`)
    expect(readProxyHeader(bytes)).toEqual({ length: line.length, source: { address, port } })
  })

  it('of version 2 names the client, with and without TLVs', () => {
    const source = { address: '192.168.0.1', port: 56_324 }
    expect(readProxyHeader(ipv4)).toEqual({ length: 28, source })
    const tlv = binary('21', '11', `${ipv4.toString('hex').slice(32)}04000100`)
    expect(readProxyHeader(Buffer.concat([tlv, Buffer.from('rest')]))).toEqual({
      length: 32,
      source,
    })
    expect(readProxyHeader(ipv6)).toEqual({
      length: 52,
      source: { address: 'fd00::1', port: 56_324 },
    })
    const disguised = binary('21', '21', `${'0'.repeat(20)}ffffc0a80001${'0'.repeat(32)}dc0401bb`)
    expect(readProxyHeader(disguised)).toEqual({ length: 52, source })
  })

  it.each([
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
    ['UNKNOWN with whatever', Buffer.from('PROXY UNKNOWN ffff::1 junk 1\r\n')],
    ['LOCAL', binary('20', '00', '')],
    ['LOCAL with addresses', binary('20', '11', ipv4.toString('hex').slice(32))],
    ['an unspecified family', binary('21', '00', '')],
    ['a unix socket', binary('21', '31', '00'.repeat(216))],
    ['a datagram', binary('21', '12', ipv4.toString('hex').slice(32))],
  ])('of %s leaves the peer to be the client', (_what, bytes) => {
    expect(readProxyHeader(bytes)).toEqual({ length: bytes.length, source: undefined })
  })

  it.each([
    'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\n',
    'PROXY TCP4  192.168.0.1 192.168.0.11 56324 443\r\n',
    'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 \r\n',
    'PROXY TCP4 192.168.0.1 192.168.0.11 056324 443\r\n',
    'PROXY TCP4 192.168.0.1 192.168.0.11 65536 443\r\n',
    'PROXY TCP4 192.168.0.1 192.168.0.11 -1 443\r\n',
    'PROXY TCP4 192.168.0.256 192.168.0.11 1 443\r\n',
    'PROXY TCP4 192.168.0.1 host 1 443\r\n',
    'PROXY TCP4 ::1 ::1 1 443\r\n',
    'PROXY TCP6 192.168.0.1 ::1 1 443\r\n',
    'PROXY TCP4 192.168.0.1 192.168.0.11 1\r\n',
    'PROXY UDP4 192.168.0.1 192.168.0.11 1 443\r\n',
    'PROXY UNKNOWNX\r\n',
    'PROXY UNKNOWN\0\r\n',
    'PROXY\r\n',
    'PROXY \r\n',
    'proxy UNKNOWN\r\n',
    'GET / HTTP/1.1\r\n',
    'X',
    '\x16\x03\x01',
    `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
    `PROXY UNKNOWN ${'x'.repeat(93)}`,
    '\r\n\r\n\0\r\nQUIT\r',
  ])('is not %j', (text) => {
    expect(readProxyHeader(Buffer.from(text, 'latin1'))).toBe('invalid')
  })

  it('is as long as version 1 allows, but no longer', () => {
    const line = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`
    expect(readProxyHeader(Buffer.from(line))).toEqual({ length: 107, source: undefined })
  })

  it.each([
    ['another version', binary('11', '11', ipv4.toString('hex').slice(32))],
    ['another command', binary('22', '11', ipv4.toString('hex').slice(32))],
    ['an unknown family', binary('21', '41', '00'.repeat(40))],
    ['an unknown transport', binary('21', '13', '00'.repeat(40))],
    ['too little for two IPv4 addresses', binary('21', '11', '00'.repeat(11))],
    ['too little for two IPv6 addresses', binary('21', '21', '00'.repeat(35))],
    ['more than 4096 bytes', binary('21', '11', '00'.repeat(4081))],
  ])('of version 2 is refused for %s', (_what, bytes) => {
    expect(readProxyHeader(bytes)).toBe('invalid')
  })

  it('is awaited until it is complete', () => {
    const text = Buffer.from('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n')
    for (const whole of [text, ipv4, ipv6]) {
      for (let length = 0; length < whole.length; length++) {
        expect(readProxyHeader(whole.subarray(0, length))).toBe('need-more')
      }
    }
  })

  it('never reads beyond its bytes, and more bytes never change what it said', () => {
    const seeds = [
      ipv4,
      ipv6,
      Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n'),
      Buffer.from('PROXY UNKNOWN\r\n'),
    ]
    const mutated = fc
      .tuple(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 3 }),
        fc.uint8Array({ maxLength: 40 }),
      )
      .map(([seed, changes, more]) => {
        const bytes = Buffer.concat([seed, more])
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        return bytes
      })
    let read = 0
    fc.assert(
      fc.property(
        fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })),
        fc.nat(120),
        (bytes, cut) => {
          const whole = readProxyHeader(bytes)
          const early = readProxyHeader(Buffer.from(bytes.subarray(0, cut)))
          if (early !== 'need-more') expect(whole).toEqual(early)
          if (typeof whole === 'string') return
          read++
          expect(whole.length).toBeLessThanOrEqual(bytes.length)
          if (whole.source !== undefined) expect(isIP(whole.source.address)).not.toBe(0)
          expect(readProxyHeader(bytes.subarray(0, whole.length - 1))).toBe('need-more')
        },
      ),
      { numRuns: 5000 },
    )
    expect(read).toBeGreaterThan(500)
  })
})
