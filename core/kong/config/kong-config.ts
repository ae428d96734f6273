import type { LogLevel } from '#core/base/log.ts'
import type { Directives } from './directives.ts'

/** What a node was told by defaults, kong.conf, KONG_* variables and flags, checked and typed. Kong 1.1, section "Configuration". */
export interface KongConfig {
  /** Absolute, without trailing slash. */
  readonly prefix: string
  readonly logLevel: LogLevel
  /** Paths relative to the prefix are made absolute; `off` is undefined. */
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
  /** `off` in the foreground. */
  readonly daemon: boolean
  readonly database: 'sqlite' | 'off'
  /** Absolute path of the SQLite file; one file is one cluster. Default: `kong.sqlite` beside the prefix. */
  readonly sqliteFile: string
  /** Upper bound for noticing other nodes' changes, in s. */
  readonly dbUpdateFrequency: number
  readonly trustedIps: readonly string[]
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
