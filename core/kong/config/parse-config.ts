import { dirname, resolve } from 'node:path'
import { logLevels } from '#core/base/log.ts'
import type { RealIp } from '#core/model/listener.ts'
import { certificateFiles } from './certificate-files.ts'
import { cipherFaults, cipherSuiteNames, ciphersOf } from './cipher-suites.ts'
import { ConfigError } from './config-error.ts'
import { parseDirectives } from './directives.ts'
import { parseDns } from './dns-settings.ts'
import { injectedDirectives } from './injected.ts'
import type { KongConfig, ListenAddress } from './kong-config.ts'
import { errorContentTypes } from './kong-config.ts'
import { duplicateListenFaults, parseListen, type ListenKey } from './listen.ts'
import { parseOrigins } from './origins.ts'
import { pluginFaults, resolvePlugins } from './plugin-names.ts'
import { parsePostgres } from './postgres-settings.ts'
import { settings } from './settings.ts'
import { mergeSources, resolvePrefix, type ConfigSources } from './sources.ts'
import { logTargetFaults, resolveLog } from './log-target.ts'
import { isOn, splitList } from './typed-settings.ts'
import { unsupportedFaults } from './unsupported.ts'
import { parseSizeBytes } from './units.ts'
import { headerFaults, kindFaults, trustedFaults } from './value-faults.ts'

export interface ParseConfigOptions extends ConfigSources {
  /** Folder that relative paths are relative to. */
  readonly cwd: string
  readonly fileExists: (path: string) => boolean
}

/**
 * Reads a node's configuration: defaults, then file, then `KONG_*`, then flags.
 * @throws ConfigError with every fault found.
 */
export function parseConfig(options: ParseConfigOptions): KongConfig {
  const { cwd, fileExists } = options
  const merged = mergeSources(options)
  resolvePaths(merged, cwd)

  const text = (key: string): string => merged.get(key) ?? ''
  const list = (key: string): readonly string[] => splitList(text(key))
  const number = (key: string): number => Number(text(key))
  const on = (key: string): boolean => isOn(text(key))
  // What is none of the choices has become a fault.
  const choice = <value extends string>(
    key: string,
    choices: readonly [value, ...value[]],
  ): value => choices.find((one) => one === text(key)) ?? choices[0]

  const faults: string[] = unsupportedFaults(merged)
  const taken = <result extends { readonly faults: readonly string[] }>(result: result): result => {
    faults.push(...result.faults)
    return result
  }
  faults.push(...kindFaults(merged))
  const listen = (key: ListenKey): readonly ListenAddress[] =>
    taken(parseListen(key, text(key) === '' ? [''] : list(key))).addresses
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
  const presents = streamListen.length > 0 || proxyListen.some(({ ssl }) => ssl)
  const pair = (key: string, wanted: boolean): ReturnType<typeof certificateFiles> =>
    taken(wanted ? certificateFiles(key, text, fileExists) : { files: undefined, faults: [] })
  const { files: sslCertificate } = pair('ssl_cert', presents)
  const { files: adminSslCertificate } = pair(
    'admin_ssl_cert',
    adminListen.some(({ ssl }) => ssl),
  )
  const { files: clientSslCertificate } = pair('client_ssl_cert', on('client_ssl'))

  const { origins } = taken(parseOrigins(list('origins')))
  const { postgres } = taken(parsePostgres(text, fileExists))
  const { dns } = taken(parseDns(text, list, fileExists))
  faults.push(...cipherFaults(text('ssl_cipher_suite'), text('ssl_ciphers')))
  faults.push(...trustedFaults(list('trusted_ips')), ...headerFaults(list('headers')))
  faults.push(...pluginFaults(list('plugins'), fileExists), ...logTargetFaults(text))
  const headers = list('headers').map((token) => token.toLowerCase())
  const clientMaxBodySize = parseSizeBytes(text('client_max_body_size') || '0')
  if (clientMaxBodySize === undefined) {
    faults.push(
      `client_max_body_size must be a size such as 0, 8k or 10m, got '${text('client_max_body_size')}'`,
    )
  }
  const injected = injectedDirectives(merged)
  const { directives } = taken(parseDirectives(injected))
  if (faults.length > 0) throw new ConfigError(faults)

  const prefix = text('prefix')
  const logFile = (key: string): string | undefined => resolveLog(prefix, text(key))
  return {
    prefix,
    logLevel: choice('log_level', logLevels),
    proxyAccessLog: logFile('proxy_access_log'),
    proxyErrorLog: logFile('proxy_error_log') ?? resolve(prefix, 'logs/error.log'),
    adminAccessLog: logFile('admin_access_log'),
    adminErrorLog: logFile('admin_error_log') ?? resolve(prefix, 'logs/error.log'),
    proxyListen,
    streamListen,
    adminListen,
    sslCertificate,
    adminSslCertificate,
    clientSslCertificate,
    sslCiphers: ciphersOf(choice('ssl_cipher_suite', cipherSuiteNames), text('ssl_ciphers')),
    origins,
    plugins: list('plugins'),
    daemon: on('nginx_daemon'),
    database: choice('database', ['sqlite', 'postgres', 'off']),
    sqliteFile: text('sqlite_file'),
    postgres,
    declarativeConfig: text('declarative_config') || undefined,
    dbUpdateFrequency: number('db_update_frequency'),
    dns,
    trustedIps: list('trusted_ips'),
    realIp: realIp(text('real_ip_header'), on('real_ip_recursive')),
    errorDefaultType: choice('error_default_type', errorContentTypes),
    headers: headers[0] === 'off' ? [] : headers.filter((token) => token !== 'off'),
    upstreamKeepalive: number('upstream_keepalive'),
    clientMaxBodySize: directives.maxBodyBytes ?? clientMaxBodySize ?? 0,
    injected,
    directives,
    effective: Object.fromEntries(
      [...merged].filter(([key, value]) => value !== '' || settings[key]?.default !== ''),
    ),
  }
}

/** Makes every path absolute, so that the settings mean the same in whatever folder they are read again. */
function resolvePaths(merged: Map<string, string>, cwd: string): void {
  const prefix = resolvePrefix(merged, cwd)
  merged.set('prefix', prefix)
  for (const [key, { path }] of Object.entries(settings)) {
    const given = merged.get(key)
    if (path === true && given) merged.set(key, resolve(cwd, given))
  }
  if (!merged.get('sqlite_file')) merged.set('sqlite_file', resolve(dirname(prefix), 'kong.sqlite'))
  merged.set('plugins', resolvePlugins(splitList(merged.get('plugins') ?? ''), cwd).join(','))
}

/** Kong 1.1, "real_ip_header": the value `proxy_protocol` means the PROXY header, any other one a header of HTTP. */
function realIp(header: string, recursive: boolean): RealIp {
  const from = header === 'proxy_protocol' ? 'proxy-protocol' : { header: header || 'X-Real-IP' }
  return { from, recursive }
}
