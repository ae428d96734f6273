import type { MigrationList, MigrationState } from './migration-state.ts'
import type { PostgresTarget } from './postgres-target.ts'

export type MigrationTarget =
  | { readonly kind: 'sqlite'; readonly file: string }
  | ({ readonly kind: 'postgres' } & PostgresTarget)

/**
 * The layout of a database in versions (Kong 1.1, `kong migrations`). Every method takes all its steps or none, waits
 * for others that migrate the same database, and rejects with a MeshError when the database cannot be reached or is
 * newer than this version.
 */
export interface Migrations extends AsyncDisposable {
  state(): Promise<MigrationState>
  /** Migrations by what has happened to them. */
  list(): Promise<MigrationList>
  /** Makes the newest layout in an empty database; returns what was executed: nothing where there is a layout. */
  bootstrap(): Promise<readonly string[]>
  /**
   * Executes what is new, so far as older nodes can live with it; returns the names.
   *
   * @throws MeshError `store-needs-bootstrap`.
   */
  up(): Promise<readonly string[]>
  /**
   * Executes what older nodes cannot live with; returns the names.
   *
   * @throws MeshError `store-needs-bootstrap`, `store-needs-migration` when something is new.
   */
  finish(): Promise<readonly string[]>
  /** Removes the layout with everything in it; returns whether there was one. Nodes on it must start again. */
  reset(): Promise<boolean>
}

export interface MigrationOptions {
  /** Longest wait for others that migrate, in ms. Default 60,000. */
  readonly lockTimeoutMs?: number
}

/** Each kind of database is loaded only when it is asked for. */
export async function openMigrations(
  target: MigrationTarget,
  options: MigrationOptions = {},
): Promise<Migrations> {
  if (target.kind === 'sqlite') {
    const { openSqliteMigrations } = await import('./sqlite-migrations.ts')
    return openSqliteMigrations(target.file, options)
  }
  const { openPostgresMigrations } = await import('./postgres-migrations.ts')
  return openPostgresMigrations(target, options)
}
