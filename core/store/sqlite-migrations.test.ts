import { existsSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { openMigrations } from './migrations.ts'
import { sqliteMigrations } from './sqlite-schema.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { book, books } from './store-samples.ts'

async function temporaryFile(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-migrations-'))
  onTestFinished(() => folder.remove())
  return join(folder.path, 'kong.sqlite')
}

const names = sqliteMigrations.map(({ name }) => name)

it('bootstraps once, resets once, and makes no file only by looking', async () => {
  const file = await temporaryFile()
  await using migrations = await openMigrations({ kind: 'sqlite', file })
  expect(await migrations.state()).toBe('needs-bootstrap')
  expect(await migrations.reset()).toBe(false)
  await expect(migrations.up()).rejects.toMatchObject({ code: 'store-needs-bootstrap' })
  await expect(migrations.finish()).rejects.toMatchObject({ code: 'store-needs-bootstrap' })
  expect(existsSync(file)).toBe(false)
  expect(await migrations.bootstrap()).toEqual(names)
  expect(await migrations.bootstrap()).toEqual([])
  expect(await migrations.list()).toEqual({ executed: names, pending: [], new: [] })
  const store = await openSqliteStore(file)
  await store.write((transaction) => transaction.insert(books, book('a')))
  await store[Symbol.asyncDispose]()
  expect(await migrations.reset()).toBe(true)
  expect(await migrations.reset()).toBe(false)
  expect(await migrations.state()).toBe('needs-bootstrap')
  await using again = await openSqliteStore(file)
  expect(await again.read((view) => view.list(books))).toEqual([])
  expect(await migrations.state()).toBe('current')
})

it('is not needed by a node, which brings a file of an older version up with all its content', async () => {
  const file = await temporaryFile()
  await writeFirstLayout(file)
  await using migrations = await openMigrations({ kind: 'sqlite', file })
  expect(await migrations.list()).toEqual({
    executed: names.slice(0, 1),
    pending: [],
    new: names.slice(1),
  })
  expect(await migrations.state()).toBe('new')
  await using store = await openSqliteStore(file)
  expect(await migrations.state()).toBe('current')
  expect(await store.version()).toBe(7)
  await store.counters.add([{ key: 'a', by: 1, expiresAt: Date.now() + 60_000 }])
})

it('brings an older file up on demand', async () => {
  const file = await temporaryFile()
  await writeFirstLayout(file)
  await using migrations = await openMigrations({ kind: 'sqlite', file })
  expect(await migrations.up()).toEqual(names.slice(1))
  expect(await migrations.up()).toEqual([])
  expect(await migrations.finish()).toEqual([])
})

it('touches neither the file of another program nor that of a newer version', async () => {
  const foreign = await temporaryFile()
  using theirs = new DatabaseSync(foreign)
  theirs.exec('CREATE TABLE theirs (x)')
  const newer = await temporaryFile()
  await (await openSqliteStore(newer))[Symbol.asyncDispose]()
  using raised = new DatabaseSync(newer)
  raised.exec('PRAGMA user_version = 99')
  for (const [file, code] of [
    [foreign, 'store-open-failed'],
    [newer, 'store-too-new'],
  ] as const) {
    await using migrations = await openMigrations({ kind: 'sqlite', file })
    await expect(migrations.state()).rejects.toMatchObject({ code })
    await expect(migrations.bootstrap()).rejects.toMatchObject({ code })
    await expect(migrations.up()).rejects.toMatchObject({ code })
    await expect(migrations.reset()).rejects.toMatchObject({ code })
  }
  expect(theirs.prepare('SELECT name FROM sqlite_schema').all()).toHaveLength(1)
})

/** What the first version left behind. */
async function writeFirstLayout(file: string): Promise<void> {
  using database = new DatabaseSync(file)
  database.exec(sqliteMigrations[0]?.up ?? '')
  database.exec('PRAGMA application_id = 1298494312; PRAGMA user_version = 1')
  database.exec('UPDATE content_version SET version = 7')
}
