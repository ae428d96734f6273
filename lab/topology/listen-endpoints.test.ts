import { describe, expect, it } from 'vitest'
import { kongListeners, parseListenEndpoints } from './listen-endpoints.ts'

describe(parseListenEndpoints, () => {
  it('finds addresses of both families among flags', () => {
    expect(parseListenEndpoints('127.0.0.3:9000 transparent, [::1]:9443 ssl http2')).toStrictEqual([
      { address: '127.0.0.3', port: 9000, flags: ['transparent'] },
      { address: '::1', port: 9443, flags: ['ssl', 'http2'] },
    ])
  })

  it('finds none in "off"', () => {
    expect(parseListenEndpoints('off')).toStrictEqual([])
  })

  it('names the entry that is none', () => {
    expect(() => parseListenEndpoints('127.0.0.1:80, localhost')).toThrow(/"localhost"/)
    expect(() => parseListenEndpoints('127.0.0.1:80000')).toThrow(/"127.0.0.1:80000"/)
  })
})

describe(kongListeners, () => {
  it('knows where a Kong listens whose settings do not say', () => {
    const ports = (setting: 'proxy_listen' | 'admin_listen' | 'stream_listen') =>
      kongListeners({ proxy_listen: 'off' }, setting).map(({ port }) => port)
    expect(ports('admin_listen')).toStrictEqual([8001, 8444])
    expect(ports('stream_listen')).toStrictEqual([])
    expect(ports('proxy_listen')).toStrictEqual([])
  })

  it('names a flag that the setting does not have', () => {
    const settings = { stream_listen: '127.0.0.1:9000 ssl' }
    expect(() => kongListeners(settings, 'stream_listen')).toThrow(
      '"ssl" is no flag of a listener: use proxy_protocol, transparent',
    )
  })
})
