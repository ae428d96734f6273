import { MeshError } from '#core/base/errors.ts'

/** `pending` = `finish` has something to do; `new` = `up` has. */
export type MigrationState = 'needs-bootstrap' | 'pending' | 'new' | 'current'

/** Names of migrations by what has happened to them. */
export interface MigrationList {
  readonly executed: readonly string[]
  /** Executed by `up`, and not finished. */
  readonly pending: readonly string[]
  readonly new: readonly string[]
}

/** One step from a layout to the next. */
export interface Migration {
  /** Numbered, so that names sort by age. */
  readonly name: string
  /** SQL that adds: nodes of the version before go on working. */
  readonly up: string
  /** SQL that removes what only they needed. */
  readonly finish?: string
}

/** What a database remembers of a migration. */
export interface ExecutedMigration {
  readonly name: string
  readonly finished: boolean
}

/**
 * Sorts the migrations that this version knows by what the database remembers.
 *
 * @throws MeshError `store-too-new` when the database remembers one that this version does not know.
 */
export function listMigrations(
  known: readonly Migration[],
  executed: readonly ExecutedMigration[],
  database: string,
): MigrationList {
  const unknown = executed.filter(({ name }) => known.every((migration) => migration.name !== name))
  if (unknown.length > 0) {
    const names = unknown.map(({ name }) => name).join(', ')
    throw new MeshError(
      'store-too-new',
      `Cannot use ${database}: a newer version has migrated it (${names}); use that version or name another database`,
    )
  }
  const namesWhere = (wanted: (finished: boolean | undefined) => boolean): readonly string[] =>
    known
      .filter(({ name }) => wanted(executed.find((each) => each.name === name)?.finished))
      .map(({ name }) => name)
  return {
    executed: namesWhere((finished) => finished === true),
    pending: namesWhere((finished) => finished === false),
    new: namesWhere((finished) => finished === undefined),
  }
}

export function chooseState({ executed, pending, new: fresh }: MigrationList): MigrationState {
  if (executed.length === 0 && pending.length === 0) return 'needs-bootstrap'
  if (pending.length > 0) return 'pending'
  return fresh.length > 0 ? 'new' : 'current'
}

/** @throws MeshError when a node cannot work with a database in this state. */
export function requireUsable(list: MigrationList): void {
  const state = chooseState(list)
  if (state === 'needs-bootstrap') {
    throw new MeshError(
      'store-needs-bootstrap',
      "database needs bootstrapping; run 'kong migrations bootstrap'",
    )
  }
  if (list.new.length > 0) {
    throw new MeshError(
      'store-needs-migration',
      "new migrations available; run 'kong migrations up' to proceed",
    )
  }
}
