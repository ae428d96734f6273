import { MeshError } from '#core/base/errors.ts'
import { openMigrations, type Migrations } from '#core/store/migrations.ts'
import type { KongConfig } from './config/kong-config.ts'
import { postgresTargetOf } from './postgres-target.ts'

export type KongMigrations = Migrations

export interface KongMigrationOptions {
  /** Longest time that connecting or one step may take, in ms. */
  readonly dbTimeoutMs: number
  /** Longest wait for another process that migrates, in ms. */
  readonly lockTimeoutMs: number
}

/**
 * Opens the migrations of the database that a configuration names.
 * @throws MeshError `no-database` when there is none.
 */
export function openKongMigrations(
  { database, sqliteFile, postgres }: KongConfig,
  { dbTimeoutMs, lockTimeoutMs }: KongMigrationOptions,
): Promise<Migrations> {
  switch (database) {
    case 'sqlite':
      return openMigrations({ kind: 'sqlite', file: sqliteFile }, { lockTimeoutMs })
    case 'postgres': {
      const target = postgresTargetOf({ ...postgres, timeoutMs: dbTimeoutMs })
      return openMigrations({ kind: 'postgres', ...target }, { lockTimeoutMs })
    }
    case 'off':
      throw new MeshError(
        'no-database',
        "'kong migrations' needs a database: with database 'off' there is nothing to migrate",
      )
  }
}
