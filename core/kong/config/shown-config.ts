import { join } from 'node:path'
import { prefixPaths } from '#core/kong/prefix.ts'
import { renderDirectiveValue } from './injected.ts'
import type { InjectionBlock, KongConfig, ListenAddress } from './kong-config.ts'
import { typedSettings } from './typed-settings.ts'

/**
 * A configuration as Kong 1.1's Admin API shows it (`GET /`): every setting, and beside them what follows from them.
 * Secrets are not masked here.
 */
export function shownConfig(config: KongConfig): Readonly<Record<string, unknown>> {
  const { prefix, proxyListen, adminListen, streamListen } = config
  const { kongEnv, pidFile, ssl } = prefixPaths(prefix)
  return {
    ...typedSettings(config.effective),
    proxy_listeners: proxyListen.map(shownHttpListener),
    admin_listeners: adminListen.map(shownHttpListener),
    stream_listeners: streamListen.map(shownListener),
    proxy_ssl_enabled: proxyListen.some((listen) => listen.ssl),
    admin_ssl_enabled: adminListen.some((listen) => listen.ssl),
    ssl_preread: streamListen.length > 0,
    nginx_http_directives: shownDirectives(config, 'http'),
    nginx_proxy_directives: shownDirectives(config, 'proxy'),
    nginx_admin_directives: shownDirectives(config, 'admin'),
    nginx_stream_directives: shownDirectives(config, 'stream'),
    nginx_sproxy_directives: shownDirectives(config, 'sproxy'),
    kong_env: kongEnv,
    nginx_conf: join(prefix, 'nginx.conf'),
    nginx_kong_conf: join(prefix, 'nginx-kong.conf'),
    nginx_kong_stream_conf: join(prefix, 'nginx-kong-stream.conf'),
    nginx_pid: pidFile,
    nginx_err_logs: join(prefix, 'logs/error.log'),
    nginx_acc_logs: join(prefix, 'logs/access.log'),
    nginx_admin_acc_logs: join(prefix, 'logs/admin_access.log'),
    ssl_cert_default: join(ssl, 'kong-default.crt'),
    ssl_cert_key_default: join(ssl, 'kong-default.key'),
    admin_ssl_cert_default: join(ssl, 'admin-kong-default.crt'),
    admin_ssl_cert_key_default: join(ssl, 'admin-kong-default.key'),
  }
}

function shownListener({
  ip,
  port,
  proxyProtocol,
  transparent,
  listener,
}: ListenAddress): Readonly<Record<string, unknown>> {
  const shownIp = ip.includes(':') ? `[${ip}]` : ip
  return { ip: shownIp, port, proxy_protocol: proxyProtocol, transparent, listener }
}

function shownHttpListener(listen: ListenAddress): Readonly<Record<string, unknown>> {
  return { ...shownListener(listen), ssl: listen.ssl, http2: listen.http2 }
}

function shownDirectives(
  { injected }: KongConfig,
  block: InjectionBlock,
): readonly { readonly name: string; readonly value: string }[] {
  return Object.entries(injected[block]).map(([name, value]) => ({
    name,
    value: renderDirectiveValue(value),
  }))
}
