import { renderDirectiveValue } from './injected.ts'
import type { InjectionBlock, KongConfig, ListenAddress } from './kong-config.ts'

/** The files in which Kong 1.1 keeps nginx's settings, by their name in the prefix. */
export type NginxFiles = Readonly<
  Record<'nginx.conf' | 'nginx-kong.conf' | 'nginx-kong-stream.conf', string>
>

/**
 * Shows a configuration in nginx's language, for people and scripts that look into a prefix folder. Nothing reads these
 * files: each says so.
 */
export function renderNginxFiles(config: KongConfig): NginxFiles {
  return {
    'nginx.conf': render(mainLines(config)),
    'nginx-kong.conf': render(httpLines(config)),
    'nginx-kong-stream.conf': render(streamLines(config)),
  }
}

/** A directive, or a block of them. */
type Line = string | readonly [head: string, body: readonly Line[]]

const head = `# Written by Kong when the prefix was prepared, to show its settings in nginx's language.
# No nginx reads this file: to change something, change kong.conf or the environment and run "kong reload".
`

function mainLines(config: KongConfig): readonly Line[] {
  const { effective, daemon, logLevel, proxyErrorLog, prefix } = config
  const user = effective['nginx_user'] ?? ''
  // The defaults mean that nobody was named.
  const named = !['', 'nobody', 'nobody nobody'].includes(user)
  return [
    ...(named ? [`user ${user}`] : []),
    `worker_processes ${effective['nginx_worker_processes'] || 'auto'}`,
    `daemon ${daemon ? 'on' : 'off'}`,
    'pid pids/nginx.pid',
    `error_log ${within(prefix, proxyErrorLog)} ${logLevel}`,
    ['http', ["include 'nginx-kong.conf'"]],
    ...(config.streamListen.length > 0
      ? [['stream', ["include 'nginx-kong-stream.conf'"]] as const]
      : []),
  ]
}

function httpLines(config: KongConfig): readonly Line[] {
  const { prefix, proxyListen, adminListen, effective } = config
  const proxy: Line = [
    'server',
    [
      'server_name kong',
      ...listens(proxyListen),
      'error_page 400 404 408 411 412 413 414 417 494 /kong_error_handler',
      'error_page 500 502 503 504 /kong_error_handler',
      `access_log ${logOf(prefix, config.proxyAccessLog)}`,
      `error_log ${within(prefix, config.proxyErrorLog)} ${config.logLevel}`,
      ...tls(config, proxyListen, { name: 'kong-default', files: config.sslCertificate }),
      ...config.trustedIps.map((entry) => `set_real_ip_from ${entry}`),
      `real_ip_header ${effective['real_ip_header'] || 'X-Real-IP'}`,
      `real_ip_recursive ${config.realIp.recursive ? 'on' : 'off'}`,
      ...clientTls(config),
      ...injected(config, 'proxy'),
    ],
  ]
  const admin: Line = [
    'server',
    [
      'server_name kong_admin',
      ...listens(adminListen),
      `access_log ${logOf(prefix, config.adminAccessLog)}`,
      `error_log ${within(prefix, config.adminErrorLog)} ${config.logLevel}`,
      'client_max_body_size 10m',
      'client_body_buffer_size 10m',
      ...tls(config, adminListen, {
        name: 'admin-kong-default',
        files: config.adminSslCertificate,
      }),
      ...injected(config, 'admin'),
    ],
  ]
  return [
    `client_max_body_size ${effective['client_max_body_size'] || '0'}`,
    `client_body_buffer_size ${effective['client_body_buffer_size'] || '8k'}`,
    'server_tokens off',
    ['upstream kong_upstream', ['server 0.0.0.1', ...keepalive(config)]],
    ...injected(config, 'http'),
    ...(proxyListen.length > 0 ? [proxy] : []),
    ...(adminListen.length > 0 ? [admin] : []),
  ]
}

function streamLines(config: KongConfig): readonly Line[] {
  const { prefix, streamListen } = config
  if (streamListen.length === 0) return []
  const server: Line = [
    'server',
    [
      ...listens(streamListen),
      `access_log ${logOf(prefix, config.proxyAccessLog, ' basic')}`,
      `error_log ${within(prefix, config.proxyErrorLog)} ${config.logLevel}`,
      ...config.trustedIps.map((entry) => `set_real_ip_from ${entry}`),
      'ssl_preread on',
      ...injected(config, 'sproxy'),
    ],
  ]
  return [
    "log_format basic '$remote_addr [$time_local] $protocol $status $bytes_sent $bytes_received $session_time'",
    ...injected(config, 'stream'),
    server,
  ]
}

function listens(addresses: readonly ListenAddress[]): readonly Line[] {
  return addresses.map(({ listener }) => `listen ${listener}`)
}

function tls(
  { sslCiphers }: KongConfig,
  listen: readonly ListenAddress[],
  { name, files }: { readonly name: string; readonly files: KongConfig['sslCertificate'] },
): readonly Line[] {
  if (!listen.some(({ ssl }) => ssl)) return []
  return [
    `ssl_certificate ${files?.certificate ?? `ssl/${name}.crt`}`,
    `ssl_certificate_key ${files?.privateKey ?? `ssl/${name}.key`}`,
    'ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3',
    'ssl_prefer_server_ciphers on',
    `ssl_ciphers ${sslCiphers}`,
  ]
}

function clientTls({ clientSslCertificate }: KongConfig): readonly Line[] {
  if (clientSslCertificate === undefined) return []
  const { certificate, privateKey } = clientSslCertificate
  return [`proxy_ssl_certificate ${certificate}`, `proxy_ssl_certificate_key ${privateKey}`]
}

function keepalive({ upstreamKeepalive }: KongConfig): readonly Line[] {
  return upstreamKeepalive > 0 ? [`keepalive ${upstreamKeepalive}`] : []
}

function injected({ injected: blocks }: KongConfig, block: InjectionBlock): readonly Line[] {
  return Object.entries(blocks[block]).map(
    ([name, value]) => `${name} ${renderDirectiveValue(value)}`,
  )
}

function logOf(prefix: string, path: string | undefined, format = ''): string {
  return path === undefined ? 'off' : `${within(prefix, path)}${format}`
}

/** Relative to the prefix where it is in there, as nginx takes it. */
function within(prefix: string, path: string): string {
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : path
}

function render(lines: readonly Line[]): string {
  return `${head}\n${renderLines(lines, '')}`
}

function renderLines(lines: readonly Line[], indent: string): string {
  return lines
    .map((line) => {
      if (typeof line === 'string') return `${indent}${line};\n`
      const [name, body] = line
      return `${indent}${name} {\n${renderLines(body, `${indent}    `)}${indent}}\n`
    })
    .join('')
}
