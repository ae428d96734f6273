import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { MeshError, messageOf } from '#core/base/errors.ts'

/** Marks a file as ours: "Mesh" in ASCII. */
const applicationId = 0x4d65_7368

/** Each step makes the next layout from the one before; `user_version` tells how many have been taken. */
const layoutSteps: readonly string[] = [
  `
  CREATE TABLE documents (
    collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (collection, id)
  ) STRICT;
  CREATE TABLE unique_values (
    collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (collection, key, value)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX unique_values_of_document ON unique_values (collection, id);
  CREATE TABLE indexed_values (
    collection TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (collection, field, value, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX indexed_values_of_document ON indexed_values (collection, id);
  CREATE TABLE document_references (
    collection TEXT NOT NULL, id TEXT NOT NULL, field TEXT NOT NULL,
    referenced TEXT NOT NULL, referenced_id TEXT NOT NULL, on_remove TEXT NOT NULL,
    PRIMARY KEY (collection, id, field)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX document_references_to ON document_references (referenced, referenced_id);
  CREATE TABLE content_version (version INTEGER NOT NULL) STRICT;
  INSERT INTO content_version (version) VALUES (0);
  PRAGMA application_id = ${applicationId};
  `,
]

/**
 * Opens the file, which is made when missing, with the newest layout; any number of processes may do so at once.
 *
 * @throws MeshError `store-open-failed`, or `store-busy` when others keep it locked.
 */
export async function openDatabase(path: string): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined
  try {
    // Waiting inside SQLite would stop the whole process; `whenFree` waits instead.
    const opened = new DatabaseSync(path, { timeout: 0 })
    database = opened
    await whenFree(path, () => opened.exec('PRAGMA journal_mode = WAL'))
    // In WAL mode a crash of the process loses nothing and a crash of the machine at most the last changes.
    opened.exec('PRAGMA synchronous = NORMAL')
    await prepareLayout(opened, path)
    return opened
  } catch (error) {
    database?.close()
    if (error instanceof MeshError) throw error
    throw new MeshError('store-open-failed', `Cannot open ${path}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

async function prepareLayout(database: DatabaseSync, path: string): Promise<void> {
  if ((await whenFree(path, () => readLayout(database, path))) === layoutSteps.length) return
  await whenFree(path, () => database.exec('BEGIN IMMEDIATE'))
  try {
    // Another process may have been faster.
    for (const step of layoutSteps.slice(readLayout(database, path))) database.exec(step)
    database.exec(`PRAGMA user_version = ${layoutSteps.length}`)
    database.exec('COMMIT')
  } catch (error) {
    // SQLite itself rolls back after some faults, such as a full disk.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function readLayout(database: DatabaseSync, path: string): number {
  const layout = readPragma(database, 'user_version')
  const tables = Number(
    database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'],
  )
  if (tables > 0 && readPragma(database, 'application_id') !== applicationId) {
    throw new MeshError(
      'store-open-failed',
      `Cannot open ${path}: it is a database of another program; name another file`,
    )
  }
  if (layout > layoutSteps.length) {
    throw new MeshError(
      'store-open-failed',
      `Cannot open ${path}: it was written by a newer version (layout ${layout}, this version knows ${layoutSteps.length}); use that version or name another file`,
    )
  }
  return layout
}

export function readPragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

const busyDeadlineMs = 10_000

/** Tries again, without holding up the process, as long as another connection has the lock. */
export async function whenFree<result>(path: string, attempt: () => result): Promise<result> {
  const deadline = performance.now() + busyDeadlineMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (performance.now() > deadline) {
        throw new MeshError(
          'store-busy',
          `Cannot use ${path}: another process has kept it locked for ${busyDeadlineMs / 1000} s`,
          { cause: error },
        )
      }
    }
    // A random pause keeps two processes from meeting again and again.
    await sleep(1 + Math.random() * 4)
  }
}

/** SQLITE_BUSY and SQLITE_LOCKED with all their extended codes. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false
  const code = Number(error.errcode) & 0xff
  return code === 5 || code === 6
}
