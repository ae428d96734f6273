import { dirname, resolve } from 'node:path'
import { logLevels } from '#core/base/log.ts'
import { ConfigError } from './config-error.ts'
import { parseDirectives } from './directives.ts'
import { injectedDirectives } from './injected.ts'
import type { CertificateFiles, KongConfig, ListenAddress } from './kong-config.ts'
import { errorContentTypes } from './kong-config.ts'
import { duplicateListenFaults, parseListen, type ListenKey } from './listen.ts'
import { settings } from './settings.ts'
import { mergeSources, resolvePrefix, type ConfigSources } from './sources.ts'
import { isOn, splitList } from './typed-settings.ts'
import { unsupportedFaults } from './unsupported.ts'
import { parseSizeBytes } from './units.ts'
import { headerFaults, kindFaults, trustedFaults } from './value-faults.ts'

export interface ParseConfigOptions extends ConfigSources {
  /** Folder that relative paths are relative to. */
  readonly cwd: string
  readonly fileExists: (path: string) => boolean
}

/** Keys that name a file relative to the working directory. */
const pathKeys: readonly string[] = [
  'sqlite_file',
  'declarative_config',
  'ssl_cert',
  'ssl_cert_key',
  'client_ssl_cert',
  'client_ssl_cert_key',
  'admin_ssl_cert',
  'admin_ssl_cert_key',
]

/**
 * Reads a node's configuration: defaults, then file, then `KONG_*`, then flags.
 * @throws ConfigError with every fault found.
 */
export function parseConfig(options: ParseConfigOptions): KongConfig {
  const merged = mergeSources(options)
  const prefix = resolvePrefix(merged, options.cwd)
  merged.set('prefix', prefix)
  for (const key of pathKeys) {
    const path = merged.get(key)
    if (path) merged.set(key, resolve(options.cwd, path))
  }
  if (!merged.get('sqlite_file')) merged.set('sqlite_file', resolve(dirname(prefix), 'kong.sqlite'))

  const faults: string[] = unsupportedFaults(merged)
  faults.push(...kindFaults(merged))

  const text = (key: string): string => merged.get(key) ?? ''
  const list = (key: string): readonly string[] => splitList(text(key))
  // What is none of the choices has become a fault.
  const choice = <value extends string>(
    key: string,
    choices: readonly [value, ...value[]],
  ): value => choices.find((one) => one === text(key)) ?? choices[0]
  const inPrefix = (key: string): string => resolve(prefix, text(key))
  const listen = (key: ListenKey): readonly ListenAddress[] => {
    const parsed = parseListen(key, text(key) === '' ? [''] : list(key))
    if ('addresses' in parsed) return parsed.addresses
    faults.push(parsed.fault)
    return []
  }
  const pair = (key: string): CertificateFiles | undefined => {
    const certificate = text(key)
    const privateKey = text(`${key}_key`)
    if (certificate !== '' && privateKey === '') faults.push(`${key}_key must be specified`)
    if (privateKey !== '' && certificate === '') faults.push(`${key} must be specified`)
    for (const [name, path] of [
      [key, certificate],
      [`${key}_key`, privateKey],
    ] as const) {
      if (path !== '' && !options.fileExists(path)) faults.push(`${name}: no such file at ${path}`)
    }
    return certificate === '' || privateKey === '' ? undefined : { certificate, privateKey }
  }

  const proxyListen = listen('proxy_listen')
  const streamListen = listen('stream_listen')
  const adminListen = listen('admin_listen')
  faults.push(
    ...duplicateListenFaults({
      proxy_listen: proxyListen,
      stream_listen: streamListen,
      admin_listen: adminListen,
    }),
  )
  const presentsCertificate = streamListen.length > 0 || proxyListen.some(({ ssl }) => ssl)
  const sslCertificate = presentsCertificate ? pair('ssl_cert') : undefined
  const adminSslCertificate = adminListen.some(({ ssl }) => ssl)
    ? pair('admin_ssl_cert')
    : undefined
  if (isOn(text('client_ssl'))) pair('client_ssl_cert')

  const headers = list('headers').map((token) => token.toLowerCase())
  const clientMaxBodySize = parseSizeBytes(text('client_max_body_size') || '0')
  faults.push(...trustedFaults(list('trusted_ips')), ...headerFaults(list('headers')))
  if (clientMaxBodySize === undefined) {
    faults.push(
      `client_max_body_size must be a size such as 0, 8k or 10m, got '${text('client_max_body_size')}'`,
    )
  }
  const injected = injectedDirectives(merged)
  const { directives, faults: directiveFaults } = parseDirectives(injected)
  faults.push(...directiveFaults)
  if (faults.length > 0) throw new ConfigError(faults)

  return {
    prefix,
    logLevel: choice('log_level', logLevels),
    proxyAccessLog: text('proxy_access_log') === 'off' ? undefined : inPrefix('proxy_access_log'),
    proxyErrorLog: inPrefix('proxy_error_log'),
    adminAccessLog: text('admin_access_log') === 'off' ? undefined : inPrefix('admin_access_log'),
    adminErrorLog: inPrefix('admin_error_log'),
    proxyListen,
    streamListen,
    adminListen,
    sslCertificate,
    adminSslCertificate,
    daemon: isOn(text('nginx_daemon')),
    database: text('database') === 'off' ? 'off' : 'sqlite',
    sqliteFile: text('sqlite_file'),
    dbUpdateFrequency: Number(text('db_update_frequency')),
    trustedIps: list('trusted_ips'),
    errorDefaultType: choice('error_default_type', errorContentTypes),
    headers: headers[0] === 'off' ? [] : headers.filter((token) => token !== 'off'),
    upstreamKeepalive: Number(text('upstream_keepalive')),
    clientMaxBodySize: clientMaxBodySize ?? 0,
    injected,
    directives,
    effective: Object.fromEntries(
      [...merged].filter(([key, value]) => value !== '' || settings[key]?.default !== ''),
    ),
  }
}
