import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { openKongMigrations, type KongMigrationOptions } from '#core/kong/kong-migrations.ts'
import { MeshError } from '#core/base/errors.ts'
import { secondsOption, type CommandArguments } from './command.ts'
import type { Output } from './output.ts'

export const needsBootstrap = "database needs bootstrapping; run 'kong migrations bootstrap'"

/** Reads `--db-timeout` and `--lock-timeout`. */
export function migrationOptions(args: CommandArguments): KongMigrationOptions {
  const aMinute = { byDefault: 60, least: 1 }
  return {
    dbTimeoutMs: secondsOption(args, 'db-timeout', aMinute),
    lockTimeoutMs: secondsOption(args, 'lock-timeout', aMinute),
  }
}

/** @throws MeshError when a node of this version cannot work with the database as it is. */
export async function requireLayout(
  config: KongConfig,
  args: CommandArguments,
  output: Output,
): Promise<void> {
  await using migrations = await openKongMigrations(config, migrationOptions(args))
  switch (await migrations.state()) {
    case 'needs-bootstrap':
      throw new MeshError('store-needs-bootstrap', needsBootstrap)
    case 'new':
      throw new MeshError(
        'store-needs-migration',
        "new migrations available; run 'kong migrations up' to proceed",
      )
    case 'pending':
      output.warn("database has pending migrations; run 'kong migrations finish' when ready")
      return
    case 'current':
      return
  }
}

/** Takes every step that is left, from an empty database to the newest layout. */
export async function runMigrations(
  config: KongConfig,
  args: CommandArguments,
  output: Output,
): Promise<void> {
  await using migrations = await openKongMigrations(config, migrationOptions(args))
  if ((await migrations.state()) === 'needs-bootstrap') {
    output.line('bootstrapping database...')
    await migrations.bootstrap()
    output.line('database is up-to-date')
    return
  }
  for (const name of await migrations.up()) output.verbose(`executed migration ${name}`)
  for (const name of await migrations.finish()) output.verbose(`finished migration ${name}`)
}
