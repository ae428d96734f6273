import type { PostgresSettings } from './kong-config.ts'
import { isOn } from './typed-settings.ts'
import { portFaults } from './value-faults.ts'

/** Reads the `pg_*` keys (Kong 1.1, "Datastore section"). */
export function parsePostgres(
  text: (key: string) => string,
  fileExists: (path: string) => boolean,
): { readonly postgres: PostgresSettings; readonly faults: readonly string[] } {
  const trusted = text('lua_ssl_trusted_certificate')
  const faults = portFaults('pg_port', text('pg_port'))
  if (trusted !== '' && !fileExists(trusted)) {
    faults.push(`lua_ssl_trusted_certificate: no such file at ${trusted}`)
  }
  return {
    faults,
    postgres: {
      host: text('pg_host') || '127.0.0.1',
      port: Number(text('pg_port')),
      user: text('pg_user') || 'kong',
      password: text('pg_password'),
      database: text('pg_database') || 'kong',
      timeoutMs: Number(text('pg_timeout')),
      ssl: isOn(text('pg_ssl')),
      sslVerify: isOn(text('pg_ssl_verify')),
      trustedCertificate: trusted || undefined,
    },
  }
}
