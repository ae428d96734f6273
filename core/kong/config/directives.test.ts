import { describe, expect, it } from 'vitest'
import { parseDirectives } from './directives.ts'
import type { KongConfig } from './kong-config.ts'

function read(blocks: Partial<KongConfig['injected']>): ReturnType<typeof parseDirectives> {
  return parseDirectives({ http: {}, proxy: {}, admin: {}, stream: {}, sproxy: {}, ...blocks })
}

describe('parseDirectives', () => {
  it('reads the source address of upstream connections', () => {
    expect(
      read({
        proxy: { proxy_bind: '127.0.0.3' },
        sproxy: { proxy_bind: '[::1] transparent' },
      }).directives,
    ).toEqual({
      httpSource: { address: '127.0.0.3', transparent: false },
      streamSource: { address: '0000:0000:0000:0000:0000:0000:0000:0001', transparent: true },
    })
  })

  it('lets off in the server’s block undo what the block around it says', () => {
    const outer = { stream: { proxy_bind: '127.0.0.3' } }
    expect(read(outer).directives.streamSource).toBeDefined()
    expect(
      read({ ...outer, sproxy: { proxy_bind: 'off' } }).directives.streamSource,
    ).toBeUndefined()
  })

  it('reads times, sizes and a header', () => {
    expect(
      read({
        proxy: {
          add_header: 'foo-header "bar value" always',
          keepalive_timeout: '1m 30s',
          large_client_header_buffers: '4 16k',
          client_header_timeout: '5s',
          client_max_body_size: '1m',
          proxy_read_timeout: '5s',
        },
        sproxy: { preread_timeout: '250ms', proxy_timeout: '2h', preread_buffer_size: '32k' },
      }),
    ).toEqual({
      faults: [],
      directives: {
        responseHeader: ['foo-header', 'bar value'],
        keepAliveTimeoutMs: 90_000,
        maxHeadBytes: 65_536,
        headTimeoutMs: 5000,
        maxBodyBytes: 1_048_576,
        firstBytesTimeoutMs: 250,
        streamIdleTimeoutMs: 7_200_000,
      },
    })
  })

  it('refuses what it does not know and says what it does', () => {
    expect(
      read({
        proxy: { proxy_buffering: 'off', toString: 'x' },
        sproxy: { preread_timeout: 'soon', proxy_bind: '127.0.0.1:80' },
        admin: { proxy_bind: '127.0.0.1' },
      }).faults,
    ).toEqual([
      'nginx_proxy_proxy_buffering is not supported: the directives of this block are proxy_bind, add_header, keepalive_timeout, large_client_header_buffers, client_header_timeout, client_max_body_size, proxy_connect_timeout, proxy_send_timeout, proxy_read_timeout',
      'nginx_proxy_toString is not supported: the directives of this block are proxy_bind, add_header, keepalive_timeout, large_client_header_buffers, client_header_timeout, client_max_body_size, proxy_connect_timeout, proxy_send_timeout, proxy_read_timeout',
      'nginx_admin_proxy_bind is not supported: the directives of this block are add_header, keepalive_timeout, large_client_header_buffers, client_header_timeout, client_max_body_size',
      "nginx_sproxy_preread_timeout must be a time of at most 24 days such as 500ms, 30s or 1m, got 'soon'",
      "nginx_sproxy_proxy_bind must be of form: off | <ip> [transparent] | $remote_addr transparent, got '127.0.0.1:80'",
    ])
  })

  it("takes the address of the client in proxy_bind, if that may be another machine's", () => {
    const proxy_bind = '$remote_addr transparent'
    expect(read({ proxy: { proxy_bind }, sproxy: { proxy_bind } })).toMatchObject({
      faults: [],
      directives: { httpSource: 'client', streamSource: 'client' },
    })
  })

  it('takes any port in proxy_bind, but no certain one', () => {
    expect(read({ proxy: { proxy_bind: '127.0.0.3:0' } }).directives.httpSource).toEqual({
      address: '127.0.0.3',
      transparent: false,
    })
    expect(read({ proxy: { proxy_bind: '[::1]:0 transparent' } }).faults).toEqual([])
    expect(read({ proxy: { proxy_bind: '::1' } }).faults).toEqual([])
    expect(read({ proxy: { proxy_bind: '$remote_addr' } }).faults).toHaveLength(1)
  })

  it('case 48: takes what tunes a machinery that is not there', () => {
    const nothing = { directives: {}, faults: [] }
    expect(read({ http: { max_pending_timers: '4096' } })).toEqual(nothing)
    const tuning = { lua_shared_dict: 'custom_cache 5m', variables_hash_bucket_size: '128' }
    expect(read({ http: tuning, stream: tuning, admin: { server_tokens: 'off' } })).toEqual(nothing)
    // Not what would have to be done by somebody.
    expect(read({ http: { lua_ssl_verify_depth: '2' } }).faults).toHaveLength(1)
  })

  it('lets the Admin API inherit what stands around it, but not what it has of its own', () => {
    const http = {
      add_header: 'a b',
      keepalive_timeout: '7s',
      client_max_body_size: '1k',
      proxy_bind: '127.0.0.3',
    }
    expect(read({ http }).directives.admin).toEqual({
      responseHeader: ['a', 'b'],
      keepAliveTimeoutMs: 7000,
    })
    const admin = { keepalive_timeout: '8s', large_client_header_buffers: '4 24k' }
    expect(read({ http, admin }).directives).toMatchObject({
      keepAliveTimeoutMs: 7000,
      admin: { keepAliveTimeoutMs: 8000, maxHeadBytes: 98_304 },
    })
    expect(read({ proxy: http }).directives.admin).toBeUndefined()
  })

  it('reads a header in whatever quotes', () => {
    for (const value of ['a b', '"a" b', `'a' "b"`, 'a b always']) {
      expect(read({ proxy: { add_header: value } }).directives.responseHeader).toEqual(['a', 'b'])
    }
    for (const value of ['a', 'a b c', 'a: b', '"a"b c', 'a "b']) {
      expect(read({ proxy: { add_header: value } }).directives.responseHeader).not.toEqual([
        'a',
        'b',
      ])
    }
    expect(read({ proxy: { add_header: 'a b c' } }).faults).toHaveLength(1)
  })

  it('refuses a header that would break out of its line', () => {
    expect(read({ proxy: { add_header: 'a "b\r\nc: d"' } }).faults).toHaveLength(1)
  })
})
