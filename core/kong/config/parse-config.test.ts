import { assert, constantFrom, oneof, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SourceAddress } from '#core/model/upstream.ts'
import { ConfigError } from './config-error.ts'
import type { KongConfig } from './kong-config.ts'
import { renderConfFile } from './conf-file.ts'
import { parseConfig } from './parse-config.ts'
import { settings } from './settings.ts'
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

function transparent(address: string): SourceAddress {
  return { address, transparent: true }
}

describe('parseConfig', () => {
  it('cases 49 and 52: listens as Kong 1.1 does when nothing is said', () => {
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

  it('case 47: lets the file yield to the environment, and the environment to flags', () => {
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

  it('case 47: lets what is said last decide a directive', () => {
    const env = {
      KONG_NGINX_PROXY_PROXY_BIND: '127.0.0.1 transparent',
      KONG_NGINX_SPROXY_PROXY_BIND: '127.0.0.1 transparent',
    }
    const later = '127.0.0.2 transparent'
    const flags = { nginx_proxy_proxy_bind: later, nginx_sproxy_proxy_bind: later }
    expect(parse({ env }).directives).toEqual({
      httpSource: transparent('127.0.0.1'),
      streamSource: transparent('127.0.0.1'),
    })
    expect(parse({ env, flags }).directives).toEqual({
      httpSource: transparent('127.0.0.2'),
      streamSource: transparent('127.0.0.2'),
    })
  })

  it('lets an empty variable unset what the file set', () => {
    const file = 'trusted_ips = 10.0.0.0/8\n'
    expect(parse({ file }).trustedIps).toEqual(['10.0.0.0/8'])
    expect(parse({ file, env: { KONG_TRUSTED_IPS: '' } }).trustedIps).toEqual([])
    expect(faultsOf({ env: { KONG_PROXY_LISTEN: '' } })).toEqual([
      'proxy_listen must be of form: [off] | <ip>:<port> [ssl] [http2] [proxy_protocol] [transparent], [... next entry ...]',
    ])
  })

  it('case 56: cuts comments from values but keeps an escaped octothorpe', () => {
    const effective = parse({
      file: '# log_level = info\nlog_level = debug # loud\npg_password = a\\#b # secret\npg_user = u#x\n',
    }).effective
    expect(effective).toMatchObject({ log_level: 'debug', pg_password: 'a#b', pg_user: 'u' })
  })

  it('case 57: trims the elements of lists', () => {
    expect(parse({ env: { KONG_TRUSTED_IPS: ' 10.0.0.1 ,  ::1 ' } }).trustedIps).toEqual([
      '10.0.0.1',
      '::1',
    ])
  })

  it('case 58: reads on, off, true and false as booleans and refuses other words', () => {
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
      "database has an invalid value: 'mysql' (postgres, cassandra, off)",
      "db_update_frequency is not a number: 'often'",
      'stream_listen must be of form: [off] | <ip>:<port> [proxy_protocol] [transparent], [... next entry ...]',
      'ssl_cert_key must be specified',
      'ssl_cert: no such file at /srv/mesh/cert.pem',
      'admin_ssl_cert must be specified',
      'admin_ssl_cert_key: no such file at /missing.key',
      "trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '10.0.0.0/33'",
      "trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '10.0.0.0/'",
      "headers: invalid entry 'foo'",
      "nginx_proxy_proxy_bind must be of form: off | <ip> [transparent] | $remote_addr transparent, got 'eth0'",
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

  it('refuses the database cassandra and names those that are there', () => {
    expect(faultsOf({ env: { KONG_DATABASE: 'cassandra' } })).toEqual([
      "database 'cassandra' is not supported: use 'postgres', or 'sqlite', which nodes share by naming the same sqlite_file",
    ])
  })

  it('reads where PostgreSQL is', () => {
    const env = {
      KONG_DATABASE: 'postgres',
      KONG_PG_HOST: 'db.example',
      KONG_PG_PORT: '5433',
      KONG_PG_PASSWORD: 'p w',
      KONG_PG_TIMEOUT: '250',
      KONG_PG_SSL: 'on',
      KONG_LUA_SSL_TRUSTED_CERTIFICATE: 'ca.pem',
    }
    expect(parse({ env, files: ['/srv/mesh/ca.pem'] })).toMatchObject({
      database: 'postgres',
      postgres: {
        host: 'db.example',
        port: 5433,
        user: 'kong',
        password: 'p w',
        database: 'kong',
        timeoutMs: 250,
        ssl: true,
        sslVerify: false,
        trustedCertificate: '/srv/mesh/ca.pem',
      },
    })
    expect(faultsOf({ env: { ...env, KONG_PG_PORT: '70000' } })).toEqual([
      "pg_port must be a port from 1 to 65535, got '70000'",
      'lua_ssl_trusted_certificate: no such file at /srv/mesh/ca.pem',
    ])
  })

  it('case 25: replaces no outgoing address unless told to', () => {
    expect(parse().origins).toEqual([])
    const env = {
      KONG_ORIGINS: 'tcp://b:8080=tcp://127.0.0.1:8080, https://s:443=http://127.0.0.1',
    }
    expect(parse({ env }).origins).toEqual([
      {
        from: { scheme: 'tcp', host: 'b', port: 8080 },
        to: { scheme: 'tcp', host: '127.0.0.1', port: 8080 },
      },
      {
        from: { scheme: 'https', host: 's', port: 443 },
        to: { scheme: 'http', host: '127.0.0.1', port: 80 },
      },
    ])
    expect(faultsOf({ env: { KONG_ORIGINS: 'invalid_origin' } })).toHaveLength(1)
  })

  it('reads how names are resolved', () => {
    const env = {
      KONG_DNS_RESOLVER: '10.0.0.1, 10.0.0.2:5353, ::1, [::1]:54',
      KONG_DNS_ORDER: 'last, AAAA,A',
      KONG_DNS_HOSTSFILE: 'hosts',
      KONG_DNS_STALE_TTL: '0.5',
    }
    expect(faultsOf({ env })).toEqual(['dns_hostsfile: file does not exist'])
    expect(parse({ env, files: ['/srv/mesh/hosts'] }).dns).toEqual({
      servers: [
        '10.0.0.1:53',
        '10.0.0.2:5353',
        '[::1]:53',
        '[0000:0000:0000:0000:0000:0000:0000:0001]:54',
      ],
      hostsFile: '/srv/mesh/hosts',
      order: ['LAST', 'AAAA', 'A'],
      staleTtl: 0.5,
      notFoundTtl: 30,
      errorTtl: 1,
    })
    expect(
      faultsOf({ env: { KONG_DNS_RESOLVER: 'ns.example', KONG_DNS_ORDER: 'A, TXT' } }),
    ).toEqual([
      "dns_resolver must be a comma separated list in the form of IPv4/6 or IPv4/6:port, got 'ns.example'",
      "dns_order: invalid entry 'TXT'",
    ])
  })

  it('reads where the address of a client behind proxies stands', () => {
    expect(parse().realIp).toEqual({ from: { header: 'X-Real-IP' }, recursive: false })
    const env = { KONG_REAL_IP_HEADER: 'proxy_protocol', KONG_REAL_IP_RECURSIVE: 'on' }
    expect(parse({ env }).realIp).toEqual({ from: 'proxy-protocol', recursive: true })
  })

  it('case 59: names the choices of a database as Kong does', () => {
    expect(faultsOf({ env: { KONG_DATABASE: 'mysql' } })).toEqual([
      "database has an invalid value: 'mysql' (postgres, cassandra, off)",
    ])
    expect(parse({ env: { KONG_DATABASE: 'sqlite' } }).database).toBe('sqlite')
    expect(parse({ env: { KONG_DATABASE: 'off' } }).database).toBe('off')
  })

  it('case 60: refuses values that are not of their type', () => {
    expect(
      faultsOf({
        env: {
          KONG_LUA_PACKAGE_PATH: '123',
          KONG_UPSTREAM_KEEPALIVE: 'many',
          KONG_DNS_NO_SYNC: '1',
          KONG_DB_CACHE_TTL: '-1',
        },
      }),
    ).toEqual([
      "upstream_keepalive is not a number: 'many'",
      'db_cache_ttl must be 0 or greater',
      "dns_no_sync is not a boolean: '1'",
      "lua_package_path is not a string: '123'",
    ])
  })

  it('case 61: refuses a header that it does not know, whatever its case', () => {
    expect(faultsOf({ env: { KONG_HEADERS: 'Via, foo' } })).toEqual([
      "headers: invalid entry 'foo'",
    ])
  })

  it.each([
    ['ssl_cert', { KONG_PROXY_LISTEN: '127.0.0.1:1 ssl' }],
    ['ssl_cert', { KONG_PROXY_LISTEN: 'off', KONG_STREAM_LISTEN: '127.0.0.1:1' }],
    ['admin_ssl_cert', { KONG_ADMIN_LISTEN: '127.0.0.1:1 ssl' }],
    ['client_ssl_cert', { KONG_CLIENT_SSL: 'on' }],
  ] as const)(
    'cases 62 to 64: wants %s with its key, and both to exist, given %j',
    (key, listens) => {
      const name = `KONG_${key.toUpperCase()}`
      expect(faultsOf({ env: { ...listens, [name]: '/a' }, files: ['/a'] })).toEqual([
        `${key}_key must be specified`,
      ])
      expect(faultsOf({ env: { ...listens, [`${name}_KEY`]: '/a' }, files: ['/a'] })).toEqual([
        `${key} must be specified`,
      ])
      const both = { ...listens, [name]: '/a', [`${name}_KEY`]: '/b' }
      expect(faultsOf({ env: both })).toEqual([
        `${key}: no such file at /a`,
        `${key}_key: no such file at /b`,
      ])
      expect(faultsOf({ env: both, files: ['/a', '/b'] })).toEqual([])
    },
  )

  it('case 64: does not look at client certificates that are not used', () => {
    expect(faultsOf({ env: { KONG_CLIENT_SSL_CERT: '/missing' } })).toEqual([])
    const files = ['/a', '/b']
    const env = {
      KONG_CLIENT_SSL: 'on',
      KONG_CLIENT_SSL_CERT: '/a',
      KONG_CLIENT_SSL_CERT_KEY: '/b',
    }
    expect(parse({ env, files }).clientSslCertificate).toEqual({
      certificate: '/a',
      privateKey: '/b',
    })
  })

  it('case 68: keeps names of plugins, makes paths absolute, and takes off for none', () => {
    expect(parse().plugins).toEqual(['bundled'])
    expect(parse({ env: { KONG_PLUGINS: 'bundled,hello-world' } }).plugins).toEqual([
      'bundled',
      'hello-world',
    ])
    expect(parse({ env: { KONG_PLUGINS: 'off' } }).plugins).toEqual([])
    expect(parse({ env: { KONG_PLUGINS: '' } }).plugins).toEqual([])
    const env = { KONG_PLUGINS: 'bundled, ./mine.ts, other.ts, bundled' }
    const files = ['/srv/mesh/mine.ts', '/srv/mesh/other.ts']
    expect(parse({ env, files }).plugins).toEqual(['bundled', ...files])
    expect(faultsOf({ env, files: files.slice(0, 1) })).toEqual([
      'plugins: no such file at /srv/mesh/other.ts',
    ])
  })

  it('offers the ciphers of the suite, or the user’s own', () => {
    expect(parse().sslCiphers).toMatch(/^ECDHE-ECDSA-AES256-GCM-SHA384:/)
    const env = { KONG_SSL_CIPHER_SUITE: 'custom', KONG_SSL_CIPHERS: 'AES128-SHA' }
    expect(parse({ env }).sslCiphers).toBe('AES128-SHA')
    expect(faultsOf({ env: { KONG_SSL_CIPHER_SUITE: 'weak' } })).toEqual([
      'Undefined cipher suite weak',
    ])
    const unknown = { KONG_SSL_CIPHER_SUITE: 'custom', KONG_SSL_CIPHERS: 'no-such-cipher' }
    expect(faultsOf({ env: unknown })).toEqual([
      "ssl_ciphers must name a cipher that OpenSSL knows, got 'no-such-cipher'",
    ])
    expect(parse({ env: { KONG_SSL_CIPHERS: 'not asked for' } }).sslCiphers).toMatch(/^ECDHE/)
  })

  it('takes syslog servers for logs, and says what is wrong with one', () => {
    const env = { KONG_PROXY_ACCESS_LOG: 'syslog:server=127.0.0.1:5140' }
    expect(parse({ env }).proxyAccessLog).toBe('syslog:server=127.0.0.1:5140')
    expect(faultsOf({ env: { KONG_ADMIN_ERROR_LOG: 'syslog:server=unix:/dev/log' } })).toEqual([
      expect.stringMatching(
        /^admin_error_log: no server of form <ip>\[:<port>\] in 'syslog:server=unix/,
      ),
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
        KONG_PLUGINS: 'bundled, ./mine.ts',
        KONG_PG_PASSWORD: 'a\\#b',
        KONG_ORIGINS: 'http://[::1]:1=https://b',
        KONG_DNS_RESOLVER: '10.0.0.1',
        KONG_NGINX_SPROXY_PROXY_BIND: '127.0.0.3 transparent',
        KONG_NGINX_SPROXY_PREREAD_TIMEOUT: '2s',
        KONG_PROXY_ACCESS_LOG: '/dev/stdout',
      },
      files: ['/srv/mesh/mine.ts'],
    })
    expect(first.directives).toMatchObject({
      streamSource: { address: '127.0.0.3', transparent: true },
      firstBytesTimeoutMs: 2000,
    })
    const file = renderConfFile(Object.entries(first.effective))
    expect(parse({ file, files: ['/srv/mesh/mine.ts'] })).toEqual(first)
  })

  it('says what is wrong with any value at all, and reads back all that is right', () => {
    const value = oneof(
      string({ unit: 'grapheme' }),
      constantFrom(
        'off',
        'on',
        '1',
        '-1',
        '::1',
        '[::1]:80',
        '127.0.0.1:80 ssl',
        'a=b',
        'http://a:1=b://c:2',
      ),
    )
    assert(
      property(constantFrom(...Object.keys(settings)), value, (key, text) => {
        const env = { [`KONG_${key.toUpperCase()}`]: text }
        if (faultsOf({ env }).length > 0) return
        const config = parse({ env })
        expect(parse({ file: renderConfFile(Object.entries(config.effective)) })).toEqual(config)
      }),
      { numRuns: 2000 },
    )
  })

  it('case 66: ignores keys it does not know', () => {
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
