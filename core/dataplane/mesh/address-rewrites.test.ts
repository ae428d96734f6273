import { describe, expect, it } from 'vitest'
import type { AddressRewrite, RewrittenEnd } from '#core/model/mesh.ts'
import { AddressRewrites, httpSchemes, RewriteError, streamSchemes } from './address-rewrites.ts'

function end(text: string): RewrittenEnd {
  const [, scheme = '', host = '', port] = /^([^:]+):\/\/(.*):(\d+)$/.exec(text) ?? []
  return { scheme, host, port: Number(port) }
}

function rewriting(...lines: readonly string[]): AddressRewrites {
  return new AddressRewrites(
    lines.map((line): AddressRewrite => {
      const [from = '', to = ''] = line.split(' ')
      return { from: end(from), to: end(to) }
    }),
  )
}

const plain = { host: 'a.test', port: 80, tls: false }
const secret = { host: 'a.test', port: 443, tls: true }

describe('AddressRewrites', () => {
  it.each([
    [
      'http://a.test:80 http://b.test:81',
      httpSchemes,
      plain,
      { host: 'b.test', port: 81, tls: false },
    ],
    [
      'http://a.test:80 https://b.test:443',
      httpSchemes,
      plain,
      { host: 'b.test', port: 443, tls: true },
    ],
    [
      'https://a.test:443 http://b.test:80',
      httpSchemes,
      secret,
      { host: 'b.test', port: 80, tls: false },
    ],
    [
      'https://a.test:443 https://b.test:8443',
      httpSchemes,
      secret,
      { host: 'b.test', port: 8443, tls: true },
    ],
    [
      'tcp://a.test:80 tls://b.test:9',
      streamSchemes,
      plain,
      { host: 'b.test', port: 9, tls: true },
    ],
    [
      'tls://a.test:443 tcp://b.test:9',
      streamSchemes,
      secret,
      { host: 'b.test', port: 9, tls: false },
    ],
  ])('dials %s', (line, schemes, from, to) => {
    expect(rewriting(line).apply(from, schemes)).toEqual(to)
  })

  it.each([
    ['the scheme', 'https://a.test:80 http://b.test:80'],
    ['the host', 'http://A.test:80 http://b.test:80'],
    ['the port', 'http://a.test:81 http://b.test:80'],
    ['the kind of proxy', 'tcp://a.test:80 tcp://b.test:80'],
  ])('leaves alone what differs in %s', (_what, line) => {
    expect(rewriting(line).apply(plain, httpSchemes)).toBe(plain)
    // The control.
    expect(rewriting('http://a.test:80 http://b.test:80').apply(plain, httpSchemes)).not.toBe(plain)
  })

  it('rewrites once, though the new address stands in the list, too', () => {
    const both = rewriting('http://a.test:80 http://b.test:80', 'http://b.test:80 http://c.test:80')
    expect(both.apply(plain, httpSchemes).host).toBe('b.test')
  })

  it('knows an IPv6 address however it is written', () => {
    const rewrites = rewriting('http://0000:0000:0000:0000:0000:0000:0000:0001:80 http://b.test:80')
    expect(rewrites.apply({ ...plain, host: '::1' }, httpSchemes).host).toBe('b.test')
    expect(rewrites.apply({ ...plain, host: '::2' }, httpSchemes).host).toBe('::2')
  })

  it.each(['tcp', 'tls', 'HTTPS', 'ftp'])('refuses to dial %s for HTTP, and says so', (scheme) => {
    const apply = (): unknown =>
      rewriting(`http://a.test:80 ${scheme}://b.test:9`).apply(plain, httpSchemes)
    expect(apply).toThrow(RewriteError)
    expect(apply).toThrow(`http://a.test:80 stands for ${scheme}://b.test:9`)
  })
})
