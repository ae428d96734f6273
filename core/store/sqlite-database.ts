import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { MeshError } from '#core/base/errors.ts'
import { isBusy, tellFault } from './sqlite-fault.ts'
import { sqliteMigrations } from './sqlite-schema.ts'
import { StoreUnavailableError } from './store.ts'

/** Marks a file as ours: "Mesh" in ASCII. */
const applicationId = 0x4d65_7368

/**
 * Opens the file, which is made when missing, with the newest layout; any number of processes may do so at once.
 *
 * @throws MeshError `store-open-failed`, `store-too-new`, or `store-busy` when others keep it locked for `timeoutMs`.
 */
export async function openDatabase(path: string, timeoutMs: number): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined
  try {
    // Waiting inside SQLite would stop the whole process; `whenFree` waits instead.
    const opened = new DatabaseSync(path, { timeout: 0 })
    database = opened
    await whenFree(path, timeoutMs, () => opened.exec('PRAGMA journal_mode = WAL'))
    // In WAL mode the death of a process loses nothing. That of the machine loses at most the last changes, and never
    // a part of one; to rule that out, each change would have to wait for the disk.
    opened.exec('PRAGMA synchronous = NORMAL')
    await prepareLayout(opened, path, timeoutMs)
    return opened
  } catch (error) {
    database?.close()
    if (error instanceof MeshError) throw error
    throw new MeshError('store-open-failed', `Cannot open ${path}: ${tellFault(error)}`, {
      cause: error,
    })
  }
}

async function prepareLayout(
  database: DatabaseSync,
  path: string,
  timeoutMs: number,
): Promise<void> {
  const layout = await whenFree(path, timeoutMs, () => readLayout(database, path))
  if (layout === sqliteMigrations.length) return
  await whenFree(path, timeoutMs, () => database.exec('BEGIN IMMEDIATE'))
  try {
    // Another process may have been faster.
    for (const { up, finish } of sqliteMigrations.slice(readLayout(database, path))) {
      database.exec(up)
      // Processes of an older version see a changed layout only when they open the file again.
      if (finish !== undefined) database.exec(finish)
    }
    database.exec(`PRAGMA application_id = ${applicationId}`)
    database.exec(`PRAGMA user_version = ${sqliteMigrations.length}`)
    database.exec('COMMIT')
  } catch (error) {
    rollback(database)
    throw error
  }
}

/** SQLite itself rolls back after some faults, such as a full disk. */
export function rollback(database: DatabaseSync): void {
  if (database.isTransaction) database.exec('ROLLBACK')
}

/**
 * How many migrations a file has; 0 = it is empty.
 *
 * @throws MeshError when it is not ours or newer than this version.
 */
export function readLayout(database: DatabaseSync, path: string): number {
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
  if (layout > sqliteMigrations.length) {
    throw new MeshError(
      'store-too-new',
      `Cannot open ${path}: it was written by a newer version (layout ${layout}, this version knows ${sqliteMigrations.length}); use that version or name another file`,
    )
  }
  return layout
}

export function readPragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

/** Tries again, without holding up the process, as long as another connection has the lock. */
export async function whenFree<result>(
  path: string,
  timeoutMs: number,
  attempt: () => result,
): Promise<result> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (performance.now() > deadline) throw lockedFor(path, timeoutMs, error)
    }
    // A random pause keeps two processes from meeting again and again.
    await sleep(1 + Math.random() * 4)
  }
}

function lockedFor(path: string, timeoutMs: number, cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    'store-busy',
    `Cannot use ${path}: another process has kept it locked for ${timeoutMs / 1000} s; try again`,
    { cause },
  )
}
