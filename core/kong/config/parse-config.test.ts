import { describe, expect, it } from 'vitest'
import { ConfigError } from './config-error.ts'
import type { KongConfig } from './kong-config.ts'
import { renderConfFile } from './conf-file.ts'
import { parseConfig } from './parse-config.ts'
import { typedSettings } from './typed-settings.ts'

interface Given {
  readonly file?: string
  readonly env?: Record<string, string>
  readonly flags?: Record<string, string>
  readonly files?: readonly string[]
}

function parse({ file, env = {}, flags = {}, files = [] }: Given = {}): KongConfig {
  return parseConfig({
    file,
    env,
    flags,
    cwd: '/srv/mesh',
    fileExists: (path) => files.includes(path),
  })
}

function faultsOf(given: Given): readonly string[] {
  try {
    parse(given)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('parseConfig', () => {
  it('listens as Kong 1.1 does when nothing is said', () => {
    const config = parse()
    expect(config.adminListen.map((address) => address.listener)).toEqual([
      '127.0.0.1:8001',
      '127.0.0.1:8444 ssl',
    ])
    expect(config.proxyListen.map((address) => address.listener)).toEqual([
      '0.0.0.0:8000',
      '0.0.0.0:8443 ssl',
    ])
    expect(config.streamListen).toEqual([])
    expect(config).toMatchObject({
      prefix: '/usr/local/kong',
      logLevel: 'notice',
      daemon: true,
      database: 'sqlite',
      sqliteFile: '/usr/local/kong.sqlite',
      proxyErrorLog: '/usr/local/kong/logs/error.log',
      upstreamKeepalive: 60,
      headers: ['server_tokens', 'latency_tokens'],
    })
  })

  it('lets the file yield to the environment, and the environment to flags', () => {
    const file = 'prefix = from-file\nlog_level = debug\nupstream_keepalive = 7\n'
    const env = { KONG_PREFIX: 'from-env', KONG_LOG_LEVEL: 'info' }
    expect(parse({ file }).prefix).toBe('/srv/mesh/from-file')
    expect(parse({ file, env })).toMatchObject({
      prefix: '/srv/mesh/from-env',
      logLevel: 'info',
      upstreamKeepalive: 7,
    })
    expect(parse({ file, env, flags: { prefix: '/from/flag/' } }).prefix).toBe('/from/flag')
  })

  it('puts the database beside the prefix, where the nodes of one folder share it', () => {
    expect(parse({ env: { KONG_PREFIX: 'kong-a' } }).sqliteFile).toBe('/srv/mesh/kong.sqlite')
    expect(parse({ env: { KONG_PREFIX: 'kong-b' } }).sqliteFile).toBe('/srv/mesh/kong.sqlite')
  })

  it('lets an empty variable unset what the file set', () => {
    const file = 'trusted_ips = 10.0.0.0/8\n'
    expect(parse({ file }).trustedIps).toEqual(['10.0.0.0/8'])
    expect(parse({ file, env: { KONG_TRUSTED_IPS: '' } }).trustedIps).toEqual([])
    expect(faultsOf({ env: { KONG_PROXY_LISTEN: '' } })).toEqual([
      'proxy_listen must be of form: [off] | <ip>:<port> [ssl] [http2] [proxy_protocol] [transparent], [... next entry ...]',
    ])
  })

  it('cuts comments from values but keeps an escaped octothorpe', () => {
    const effective = parse({
      file: '# log_level = info\nlog_level = debug # loud\npg_password = a\\#b # secret\npg_user = u#x\n',
    }).effective
    expect(effective).toMatchObject({ log_level: 'debug', pg_password: 'a#b', pg_user: 'u' })
  })

  it('trims the elements of lists', () => {
    expect(parse({ env: { KONG_TRUSTED_IPS: ' 10.0.0.1 ,  ::1 ' } }).trustedIps).toEqual([
      '10.0.0.1',
      '::1',
    ])
  })

  it('reads on, off, true and false as booleans and refuses other words', () => {
    expect(parse({ env: { KONG_NGINX_DAEMON: 'off' } }).daemon).toBe(false)
    expect(parse({ env: { KONG_NGINX_DAEMON: 'false' } }).daemon).toBe(false)
    expect(parse({ env: { KONG_NGINX_DAEMON: 'true' } }).daemon).toBe(true)
    expect(faultsOf({ env: { KONG_NGINX_DAEMON: 'maybe' } })).toEqual([
      "nginx_daemon is not a boolean: 'maybe'",
    ])
  })

  it('reports every fault at once', () => {
    const faults = faultsOf({
      env: {
        KONG_LOG_LEVEL: 'loud',
        KONG_DATABASE: 'mysql',
        KONG_DB_UPDATE_FREQUENCY: 'often',
        KONG_HEADERS: 'via, foo',
        KONG_TRUSTED_IPS: '10.0.0.0/33, 10.0.0.0/, unix:',
        KONG_STREAM_LISTEN: '127.0.0.1:9000 ssl',
        KONG_SSL_CERT: 'cert.pem',
        KONG_ADMIN_SSL_CERT_KEY: '/missing.key',
        KONG_NGINX_PROXY_PROXY_BIND: 'eth0',
      },
    })
    expect(faults).toEqual([
      "log_level has an invalid value: 'loud' (debug, info, notice, warn, error, crit, alert, emerg)",
      "database has an invalid value: 'mysql' (sqlite, postgres, cassandra, off)",
      "db_update_frequency is not a number: 'often'",
      'stream_listen must be of form: [off] | <ip>:<port> [proxy_protocol] [transparent], [... next entry ...]',
      'ssl_cert_key must be specified',
      'ssl_cert: no such file at /srv/mesh/cert.pem',
      'admin_ssl_cert must be specified',
      'admin_ssl_cert_key: no such file at /missing.key',
      "trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '10.0.0.0/33'",
      "trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '10.0.0.0/'",
      "headers: invalid entry 'foo'",
      "nginx_proxy_proxy_bind must be of form: off | <ip> [transparent], got 'eth0'",
    ])
  })

  it('asks for certificates only where a listener presents them', () => {
    const env = { KONG_SSL_CERT: '/a.crt' }
    expect(faultsOf({ env })).toContain('ssl_cert_key must be specified')
    expect(faultsOf({ env: { ...env, KONG_PROXY_LISTEN: '127.0.0.1:8000' } })).toEqual([])
    const files = ['/a.crt', '/a.key']
    expect(parse({ env: { ...env, KONG_SSL_CERT_KEY: '/a.key' }, files }).sslCertificate).toEqual({
      certificate: '/a.crt',
      privateKey: '/a.key',
    })
  })

  it.each(['postgres', 'cassandra'])('refuses the database %s in one sentence', (database) => {
    expect(faultsOf({ env: { KONG_DATABASE: database } })).toEqual([
      `database '${database}' is not supported: use 'sqlite', which nodes share by naming the same sqlite_file`,
    ])
  })

  it('refuses what it would have to ignore', () => {
    expect(
      faultsOf({
        env: {
          KONG_ORIGINS: 'http://a:1=http://b:2',
          KONG_CLIENT_SSL: 'on',
          KONG_DATABASE: 'off',
          KONG_DECLARATIVE_CONFIG: 'kong.yml',
          KONG_PROXY_LISTEN: '127.0.0.1:8000 http2, 127.0.0.1:8443 ssl http2',
          KONG_STREAM_LISTEN: '127.0.0.1:9000 proxy_protocol',
          KONG_PROXY_ACCESS_LOG: 'syslog:server=127.0.0.1',
        },
      }),
    ).toEqual([
      expect.stringMatching(/^declarative_config is not supported yet/),
      expect.stringMatching(/^origins is not supported yet/),
      expect.stringMatching(/^client_ssl is not supported yet/),
      expect.stringMatching(/^proxy_listen: the flag http2 .* '127\.0\.0\.1:8000 http2'$/),
      expect.stringMatching(/^stream_listen: the flag proxy_protocol/),
      expect.stringMatching(/^proxy_access_log cannot be sent to syslog/),
    ])
  })

  it('names an address that two listeners ask for', () => {
    expect(
      faultsOf({
        env: {
          KONG_PROXY_LISTEN: '127.0.0.3:9000, [::1]:80, [0:0::1]:80 ssl',
          KONG_STREAM_LISTEN: '127.0.0.3:9000 transparent',
        },
      }),
    ).toEqual([
      'proxy_listen and stream_listen both name 127.0.0.3:9000: give each listener an address and port of its own',
      'proxy_listen names [0000:0000:0000:0000:0000:0000:0000:0001]:80 more than once: give each listener an address and port of its own',
    ])
  })

  it('reads its own effective settings back to the same configuration', () => {
    const first = parse({
      env: {
        KONG_PREFIX: 'kong-a',
        KONG_STREAM_LISTEN: '127.0.0.3:9000 transparent',
        KONG_ADMIN_LISTEN: 'off',
        KONG_PLUGINS: '',
        KONG_PG_PASSWORD: 'a\\#b',
        KONG_NGINX_SPROXY_PROXY_BIND: '127.0.0.3 transparent',
        KONG_NGINX_SPROXY_PREREAD_TIMEOUT: '2s',
        KONG_PROXY_ACCESS_LOG: '/dev/stdout',
      },
    })
    expect(first.directives).toMatchObject({
      streamSource: { address: '127.0.0.3', transparent: true },
      firstBytesTimeoutMs: 2000,
    })
    const file = renderConfFile(Object.entries(first.effective))
    expect(parse({ file })).toEqual(first)
  })

  it('ignores keys it does not know', () => {
    expect(parse({ file: 'foo = bar\n', env: { KONG_FOO: 'bar' } })).toEqual(parse())
  })
})

describe('typedSettings', () => {
  it('shows numbers, booleans, lists and what is unset', () => {
    const { effective } = parse({ env: { KONG_PREFIX: '/p', KONG_TRUSTED_IPS: '::1, 10.0.0.1' } })
    expect(typedSettings(effective)).toMatchObject({
      prefix: '/p',
      upstream_keepalive: 60,
      nginx_daemon: true,
      trusted_ips: ['::1', '10.0.0.1'],
      dns_resolver: [],
      ssl_cert: null,
    })
  })
})
