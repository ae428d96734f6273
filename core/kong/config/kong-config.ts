import type { LogLevel } from '#core/base/log.ts'
import type { RealIp } from '#core/model/listener.ts'
import type { DnsSettings } from '#core/model/snapshot.ts'
import type { PostgresTarget } from '#core/store/postgres-target.ts'
import type { Directives } from './directives.ts'
import type { Origin } from './origins.ts'

/** What a node was told by defaults, kong.conf, KONG_* variables and flags, checked and typed. Kong 1.1, section "Configuration". */
export interface KongConfig {
  /** Absolute, without trailing slash. */
  readonly prefix: string
  readonly logLevel: LogLevel
  /** Paths relative to the prefix are made absolute, `syslog:…` stays as it is; `off` is undefined. */
  readonly proxyAccessLog: string | undefined
  readonly proxyErrorLog: string
  readonly adminAccessLog: string | undefined
  readonly adminErrorLog: string
  readonly proxyListen: readonly ListenAddress[]
  readonly streamListen: readonly ListenAddress[]
  readonly adminListen: readonly ListenAddress[]
  /** Certificate and key files for proxy and stream listeners; undefined = a generated default certificate. */
  readonly sslCertificate: CertificateFiles | undefined
  readonly adminSslCertificate: CertificateFiles | undefined
  /** `client_ssl`: presented to TLS upstreams that ask for a certificate; undefined = none. */
  readonly clientSslCertificate: CertificateFiles | undefined
  /** OpenSSL's list for TLS up to 1.2 on proxy and admin listeners, from `ssl_cipher_suite` or `ssl_ciphers`. */
  readonly sslCiphers: string
  /** Which outgoing addresses are replaced by others, none twice. */
  readonly origins: readonly Origin[]
  /**
   * Which plugins are loaded: `bundled` stands for all that come with a node, an absolute path for a file, anything
   * else is a name. Empty = none.
   */
  readonly plugins: readonly string[]
  /** `off` in the foreground. */
  readonly daemon: boolean
  readonly database: 'sqlite' | 'postgres' | 'off'
  /** Absolute path of the SQLite file; one file is one cluster. Default: `kong.sqlite` beside the prefix. */
  readonly sqliteFile: string
  /** Where the database is when it is `postgres`. */
  readonly postgres: PostgresSettings
  /** Absolute path of the entities' file when the database is `off`; undefined = begin with none. */
  readonly declarativeConfig: string | undefined
  /** Upper bound for noticing other nodes' changes, in s. */
  readonly dbUpdateFrequency: number
  /** How host names are resolved. */
  readonly dns: DnsSettings
  readonly trustedIps: readonly string[]
  readonly realIp: RealIp
  readonly errorDefaultType: ErrorContentType
  /** Lower-case tokens of `headers`; empty = off. */
  readonly headers: readonly string[]
  readonly upstreamKeepalive: number
  /** Bytes; 0 = unlimited. */
  readonly clientMaxBodySize: number
  /** Directives by block, lower-case name to value: `nginx_proxy_proxy_bind` is `injected.proxy['proxy_bind']`. */
  readonly injected: Readonly<Record<InjectionBlock, Readonly<Record<string, string>>>>
  /** What `injected` means. */
  readonly directives: Directives
  /** Every effective key and its value as text, for `.kong_env` and `GET /`; secrets are not masked here. */
  readonly effective: Readonly<Record<string, string>>
}

/** A database as the `pg_*` keys name it. */
export interface PostgresSettings extends Required<Omit<PostgresTarget, 'sslCa'>> {
  /** Absolute path of the authorities that `sslVerify` goes by (`lua_ssl_trusted_certificate`); undefined = the system's. */
  readonly trustedCertificate: string | undefined
}

export interface CertificateFiles {
  readonly certificate: string
  readonly privateKey: string
}

export const errorContentTypes = [
  'application/json',
  'application/xml',
  'text/html',
  'text/plain',
] as const

export type ErrorContentType = (typeof errorContentTypes)[number]

export type InjectionBlock = 'http' | 'proxy' | 'admin' | 'stream' | 'sproxy'

export interface ListenAddress {
  /** IPv4, IPv6 without brackets (eight full groups), or a host name. */
  readonly ip: string
  readonly port: number
  readonly ssl: boolean
  readonly http2: boolean
  readonly proxyProtocol: boolean
  readonly transparent: boolean
  /** As nginx's listen directive would have it: address, port and flags in fixed order. */
  readonly listener: string
}
