import { describe, expect, it } from 'vitest'
import { parseOrigins } from './origins.ts'

const form =
  "an origin must be of the form 'from_scheme://from_host:from_port=to_scheme://to_host:to_port', got "

describe('parseOrigins', () => {
  it.each(['invalid_origin', 'http://foo:42=http://', 'http://foo=http://bar:1', 'a:1=b:2'])(
    'case 27: refuses %s for its form',
    (entry) => {
      expect(parseOrigins([entry])).toEqual({ origins: [], faults: [`${form}'${entry}'`] })
    },
  )

  it.each([
    'http://foo:42=0://example.com',
    '0://foo:42=http://example.com',
    'invalid%scheme://foo:42=http://example.com',
    '://foo:42=http://example.com',
    'http://foo:42=://example.com',
  ])('case 28: refuses the scheme in %s', (entry) => {
    expect(parseOrigins([entry]).faults).toEqual([`${form}'${entry}'`])
  })

  it('case 29: refuses a second replacement of one address, however it is written', () => {
    expect(
      parseOrigins([
        'HTTP://[::1]:42=http://a',
        'http://[0::1]:42=http://b',
        'https://[::1]:42=http://b',
      ]).faults,
    ).toEqual(['duplicate origin (http://[0000:0000:0000:0000:0000:0000:0000:0001]:42)'])
  })

  it('case 30: names every duplicate, the first one first', () => {
    const twice = ['http://a:1=http://x', 'http://b:2=http://x']
    expect(parseOrigins([...twice, ...twice]).faults).toEqual([
      'duplicate origin (http://a:1)',
      'duplicate origin (http://b:2)',
    ])
  })

  it('case 31: refuses a host that cannot be one, on either side', () => {
    expect(
      parseOrigins([
        'http://src:42=https://foo~',
        'http://foo~:42=https://dst',
        'http://src:43=https://300.0.0.1:1',
        'http://src:44=https://[::g]:1',
        'http://src:45=https://dst:65536',
        'http://src:46=https://dst/path',
      ]).faults,
    ).toEqual([
      'failed to parse authority (invalid hostname: foo~)',
      'failed to parse authority: invalid hostname: foo~:42(foo~:42)',
      'failed to parse authority (invalid ipv4 address: 300.0.0.1:1)',
      'failed to parse authority (invalid ipv6 address: [::g]:1)',
      'failed to parse authority (invalid port number)',
      `${form}'http://src:46=https://dst/path'`,
    ])
  })

  it('case 32: takes the port of http and https for granted on the right, and no other', () => {
    const { origins, faults } = parseOrigins([
      'http://foo:42=https://example.com',
      'http://foo:43=http://example.com',
      'http://foo:44=tcp://example.com',
      'http://foo:45=HTTPS://example.com',
    ])
    expect(origins.map(({ to }) => to)).toEqual([
      { scheme: 'https', host: 'example.com', port: 443 },
      { scheme: 'http', host: 'example.com', port: 80 },
    ])
    expect(faults).toEqual([
      "scheme has unknown default port: add a port to 'http://foo:44=tcp://example.com'",
      "scheme has unknown default port: add a port to 'http://foo:45=HTTPS://example.com'",
    ])
  })

  it('case 33: takes IPv6 on the right without brackets and port', () => {
    expect(parseOrigins(['http://foo:42=http://::0']).origins).toMatchObject([
      { to: { host: '0000:0000:0000:0000:0000:0000:0000:0000', port: 80 } },
    ])
  })

  const hosts = {
    'example.com': 'example.com',
    'Upper_case.example': 'Upper_case.example',
    '10.0.0.1': '10.0.0.1',
    '[::1]': '0000:0000:0000:0000:0000:0000:0000:0001',
  }
  const pairs = Object.entries(hosts).flatMap((from) =>
    Object.entries(hosts).map((to) => [from, to] as const),
  )
  it.each(pairs)('case 33: takes %s and %s', ([from, fromHost], [to, toHost]) => {
    expect(parseOrigins([`TCP://${from}:1=tls://${to}:2`])).toEqual({
      faults: [],
      origins: [
        {
          from: { scheme: 'tcp', host: fromHost, port: 1 },
          to: { scheme: 'tls', host: toHost, port: 2 },
        },
      ],
    })
  })
})
