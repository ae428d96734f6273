import { describe, expect, it } from 'vitest'
import { parseConfig } from './parse-config.ts'
import { shownConfig } from './shown-config.ts'

function shown(env: Readonly<Record<string, string>> = {}): Readonly<Record<string, unknown>> {
  return shownConfig(parseConfig({ env, flags: {}, cwd: '/srv', fileExists: () => false }))
}

describe('shownConfig', () => {
  it('case 52: takes the default listeners apart', () => {
    const bare = { http2: false, proxy_protocol: false, transparent: false }
    expect(shown()).toMatchObject({
      proxy_listeners: [
        { ...bare, ip: '0.0.0.0', port: 8000, ssl: false, listener: '0.0.0.0:8000' },
        { ...bare, ip: '0.0.0.0', port: 8443, ssl: true, listener: '0.0.0.0:8443 ssl' },
      ],
      admin_listeners: [
        { ...bare, ip: '127.0.0.1', port: 8001, ssl: false, listener: '127.0.0.1:8001' },
        { ...bare, ip: '127.0.0.1', port: 8444, ssl: true, listener: '127.0.0.1:8444 ssl' },
      ],
      stream_listeners: [],
      proxy_ssl_enabled: true,
      admin_ssl_enabled: true,
      ssl_preread: false,
    })
  })

  it('case 53: writes IPv6 addresses in full', () => {
    const ip = '[0000:0000:0000:0000:0000:0000:0000:0001]'
    const env = { KONG_PROXY_LISTEN: '[::1]:8000', KONG_STREAM_LISTEN: '[::1]:9000 transparent' }
    expect(shown({ ...env, KONG_ADMIN_LISTEN: 'off' })).toMatchObject({
      proxy_listeners: [{ ip, port: 8000, listener: `${ip}:8000` }],
      admin_listeners: [],
      stream_listeners: [
        {
          ip,
          port: 9000,
          proxy_protocol: false,
          transparent: true,
          listener: `${ip}:9000 transparent`,
        },
      ],
      proxy_ssl_enabled: false,
      admin_ssl_enabled: false,
      ssl_preread: true,
    })
  })

  it('cases 47 and 48: names injected directives, numbers in quotes', () => {
    expect(
      shown({
        KONG_NGINX_HTTP_MAX_PENDING_TIMERS: '4096',
        KONG_NGINX_SPROXY_PROXY_BIND: '127.0.0.1 transparent',
      }),
    ).toMatchObject({
      nginx_http_directives: [{ name: 'max_pending_timers', value: '"4096"' }],
      nginx_sproxy_directives: [{ name: 'proxy_bind', value: '127.0.0.1 transparent' }],
      nginx_proxy_directives: [],
    })
  })

  it('says where the files of the prefix are', () => {
    expect(shown({ KONG_PREFIX: 'kong-a' })).toMatchObject({
      prefix: '/srv/kong-a',
      kong_env: '/srv/kong-a/.kong_env',
      nginx_pid: '/srv/kong-a/pids/nginx.pid',
      ssl_cert_default: '/srv/kong-a/ssl/kong-default.crt',
    })
  })
})
