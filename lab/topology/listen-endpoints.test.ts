import { describe, expect, it } from 'vitest'
import { parseListenEndpoints } from './listen-endpoints.ts'

describe(parseListenEndpoints, () => {
  it('finds addresses of both families among flags', () => {
    expect(parseListenEndpoints('127.0.0.3:9000 transparent, [::1]:9443 ssl http2')).toStrictEqual([
      { address: '127.0.0.3', port: 9000 },
      { address: '::1', port: 9443 },
    ])
  })

  it('finds none in "off"', () => {
    expect(parseListenEndpoints('off')).toStrictEqual([])
  })

  it('names the entry that is none', () => {
    expect(() => parseListenEndpoints('127.0.0.1:80, localhost')).toThrow(/"localhost"/)
  })
})
