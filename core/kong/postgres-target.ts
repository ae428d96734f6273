import { readFileSync } from 'node:fs'
import type { PostgresTarget } from '#core/store/postgres-target.ts'
import type { PostgresSettings } from './config/kong-config.ts'

/** The database that the `pg_*` keys name. */
export function postgresTargetOf(settings: PostgresSettings): PostgresTarget {
  const { trustedCertificate, ...target } = settings
  if (trustedCertificate === undefined) return target
  return { ...target, sslCa: readFileSync(trustedCertificate, 'utf8') }
}
