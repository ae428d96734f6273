import { logLevels } from '#core/base/log.ts'
import { errorContentTypes } from './kong-config.ts'

export type SettingKind = 'string' | 'number' | 'boolean' | 'array'

/** What is known about a key of kong.conf; its text is read by kind, then held against the choices. */
export interface Setting {
  readonly kind: SettingKind
  /** As it would be written in kong.conf; empty = unset. */
  readonly default: string
  readonly choices?: readonly string[]
  /** A further choice that Kong 1.1 does not have and that its sentence about choices does not list. */
  readonly ownChoice?: string
  /** Names a file or folder relative to the working directory. */
  readonly path?: boolean
}

/** Every key of Kong 1.1's kong.conf, with Kong's defaults but for the database. */
export const settings: Readonly<Record<string, Setting>> = {
  prefix: text('/usr/local/kong/'),
  log_level: text('notice', logLevels),
  proxy_access_log: text('logs/access.log'),
  proxy_error_log: text('logs/error.log'),
  admin_access_log: text('logs/admin_access.log'),
  admin_error_log: text('logs/error.log'),
  plugins: list('bundled'),
  anonymous_reports: flag('on'),

  proxy_listen: list('0.0.0.0:8000, 0.0.0.0:8443 ssl'),
  stream_listen: list('off'),
  admin_listen: list('127.0.0.1:8001, 127.0.0.1:8444 ssl'),
  origins: list(''),
  nginx_user: text('nobody nobody'),
  nginx_worker_processes: text('auto'),
  nginx_optimizations: flag('on'),
  nginx_daemon: flag('on'),
  mem_cache_size: text('128m'),
  ssl_cipher_suite: text('modern'),
  ssl_ciphers: text(''),
  ssl_cert: path(''),
  ssl_cert_key: path(''),
  client_ssl: flag('off'),
  client_ssl_cert: path(''),
  client_ssl_cert_key: path(''),
  admin_ssl_cert: path(''),
  admin_ssl_cert_key: path(''),
  upstream_keepalive: number('60'),
  headers: list('server_tokens, latency_tokens'),
  trusted_ips: list(''),
  real_ip_header: text('X-Real-IP'),
  real_ip_recursive: flag('off'),
  client_max_body_size: text('0'),
  client_body_buffer_size: text('8k'),
  error_default_type: text('text/plain', errorContentTypes),

  database: { ...text('sqlite', ['postgres', 'cassandra', 'off']), ownChoice: 'sqlite' },
  sqlite_file: path(''),
  declarative_config: path(''),
  pg_host: text('127.0.0.1'),
  pg_port: number('5432'),
  pg_timeout: number('5000'),
  pg_user: text('kong'),
  pg_password: text(''),
  pg_database: text('kong'),
  pg_ssl: flag('off'),
  pg_ssl_verify: flag('off'),
  cassandra_contact_points: list('127.0.0.1'),
  cassandra_port: number('9042'),
  cassandra_keyspace: text('kong'),
  cassandra_timeout: number('5000'),
  cassandra_ssl: flag('off'),
  cassandra_ssl_verify: flag('off'),
  cassandra_username: text('kong'),
  cassandra_password: text(''),
  cassandra_consistency: text('ONE', [
    'ALL',
    'EACH_QUORUM',
    'QUORUM',
    'LOCAL_QUORUM',
    'ONE',
    'TWO',
    'THREE',
    'LOCAL_ONE',
  ]),
  cassandra_lb_policy: text('RequestRoundRobin', [
    'RoundRobin',
    'RequestRoundRobin',
    'DCAwareRoundRobin',
    'RequestDCAwareRoundRobin',
  ]),
  cassandra_local_datacenter: text(''),
  cassandra_repl_strategy: text('SimpleStrategy', ['SimpleStrategy', 'NetworkTopologyStrategy']),
  cassandra_repl_factor: number('1'),
  cassandra_data_centers: list('dc1:2, dc2:3'),
  cassandra_schema_consensus_timeout: number('10000'),
  db_update_frequency: number('5'),
  db_update_propagation: number('0'),
  db_cache_ttl: number('0'),
  db_resurrect_ttl: number('30'),

  dns_resolver: list(''),
  dns_hostsfile: path('/etc/hosts'),
  dns_order: list('LAST,SRV,A,CNAME'),
  dns_stale_ttl: number('4'),
  dns_not_found_ttl: number('30'),
  dns_error_ttl: number('1'),
  dns_no_sync: flag('off'),

  lua_ssl_trusted_certificate: path(''),
  lua_ssl_verify_depth: number('1'),
  lua_package_path: text('./?.lua;./?/init.lua;'),
  lua_package_cpath: text(''),
  lua_socket_pool_size: number('30'),
}

/** Keys whose values are never shown. */
/** The value as it may be shown to people: secrets become `******`. */
export function maskSecret<value>(key: string, value: value): value | '******' {
  const isSet = value !== null && value !== ''
  return isSet && /(?:^|_)(?:password|secret)$/.test(key) ? '******' : value
}

function text(byDefault: string, choices?: readonly string[]): Setting {
  return { kind: 'string', default: byDefault, ...(choices && { choices }) }
}

function path(byDefault: string): Setting {
  return { kind: 'string', default: byDefault, path: true }
}

function number(byDefault: string): Setting {
  return { kind: 'number', default: byDefault }
}

function flag(byDefault: 'on' | 'off'): Setting {
  return { kind: 'boolean', default: byDefault }
}

function list(byDefault: string): Setting {
  return { kind: 'array', default: byDefault }
}
