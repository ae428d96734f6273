import { describe, expect, it } from 'vitest'
import { renderNginxFiles } from './nginx-files.ts'
import { parseConfig } from './parse-config.ts'

function filesOf(
  env: Readonly<Record<string, string>>,
  flags: Readonly<Record<string, string>> = {},
): ReturnType<typeof renderNginxFiles> {
  return renderNginxFiles(
    parseConfig({
      file: undefined,
      env: { KONG_PREFIX: '/p', ...env },
      flags,
      cwd: '/',
      fileExists: () => true,
    }),
  )
}

/** The lines of the one block whose head this is and in which `marker` stands, without indentation. */
function block(text: string, marker: string): string[] {
  const blocks = text.split(/^server \{$/m).slice(1)
  const found = blocks.filter((one) => one.includes(marker))
  expect(found).toHaveLength(1)
  const [body = ''] = (found[0] ?? '').split(/^\}$/m)
  return body.split('\n').map((line) => line.trim())
}

describe('renderNginxFiles', () => {
  it('case 47: puts the directives that hold into the servers of proxy and streams', () => {
    const env = {
      KONG_STREAM_LISTEN: '127.0.0.1:9000 transparent',
      KONG_NGINX_PROXY_PROXY_BIND: '127.0.0.1 transparent',
      KONG_NGINX_SPROXY_PROXY_BIND: '127.0.0.1 transparent',
    }
    const later = '127.0.0.2 transparent'
    for (const [flags, address] of [
      [{}, '127.0.0.1'],
      [{ nginx_proxy_proxy_bind: later, nginx_sproxy_proxy_bind: later }, '127.0.0.2'],
    ] as const) {
      const files = filesOf(env, flags)
      const bind = `proxy_bind ${address} transparent;`
      expect(block(files['nginx-kong.conf'], 'server_name kong;')).toContain(bind)
      expect(block(files['nginx-kong.conf'], 'kong_admin')).not.toContain(bind)
      expect(block(files['nginx-kong-stream.conf'], 'ssl_preread on;')).toContain(bind)
    }
  })

  it('case 48: puts numbers in quotes, and nothing else', () => {
    const text = filesOf({
      KONG_NGINX_HTTP_MAX_PENDING_TIMERS: '4096',
      KONG_NGINX_PROXY_LARGE_CLIENT_HEADER_BUFFERS: '4 16k',
    })['nginx-kong.conf']
    expect(text).toContain('\nmax_pending_timers "4096";\n')
    expect(text).toContain('    large_client_header_buffers 4 16k;\n')
  })

  it('shows listeners, logs and certificates', () => {
    const env = {
      KONG_PROXY_LISTEN: '[::1]:8443 transparent http2 ssl, 127.0.0.1:8000',
      KONG_ADMIN_ACCESS_LOG: 'off',
      KONG_SSL_CERT: '/c.pem',
      KONG_SSL_CERT_KEY: '/k.pem',
      KONG_TRUSTED_IPS: '10.0.0.0/8',
    }
    const files = filesOf(env)
    expect(block(files['nginx-kong.conf'], 'server_name kong;')).toEqual(
      expect.arrayContaining([
        'listen [0000:0000:0000:0000:0000:0000:0000:0001]:8443 ssl http2 transparent;',
        'listen 127.0.0.1:8000;',
        'access_log logs/access.log;',
        'ssl_certificate /c.pem;',
        'set_real_ip_from 10.0.0.0/8;',
      ]),
    )
    expect(block(files['nginx-kong.conf'], 'kong_admin')).toEqual(
      expect.arrayContaining(['access_log off;', 'ssl_certificate ssl/admin-kong-default.crt;']),
    )
    expect(files['nginx.conf']).not.toContain('stream {')
    expect(files['nginx.conf']).not.toContain('user ')
    expect(filesOf({ KONG_NGINX_USER: 'www www' })['nginx.conf']).toContain('\nuser www www;\n')
  })

  it('names the certificate for upstreams only where client_ssl is on', () => {
    const files = { KONG_CLIENT_SSL_CERT: '/c.crt', KONG_CLIENT_SSL_CERT_KEY: '/c.key' }
    const proxy = (env: Readonly<Record<string, string>>): string[] =>
      block(filesOf(env)['nginx-kong.conf'], 'server_name kong;')
    const shown = ['proxy_ssl_certificate /c.crt;', 'proxy_ssl_certificate_key /c.key;']
    expect(proxy({ ...files, KONG_CLIENT_SSL: 'on' })).toEqual(expect.arrayContaining(shown))
    expect(proxy(files).join()).not.toContain('proxy_ssl')
  })

  it('leaves out servers that are off', () => {
    const files = filesOf({ KONG_PROXY_LISTEN: 'off', KONG_ADMIN_LISTEN: 'off' })
    expect(files['nginx-kong.conf']).not.toContain('server {')
    expect(files['nginx-kong-stream.conf']).not.toContain('server {')
  })
})
