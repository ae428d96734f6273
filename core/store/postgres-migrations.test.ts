import { expect, it } from 'vitest'
import { openMigrations } from './migrations.ts'
import type { TestPostgres } from './open-test-postgres.ts'
import { openPostgresMigrations } from './postgres-migrations.ts'
import { postgresMigrations } from './postgres-schema.ts'
import { openPostgresStore } from './postgres-store.ts'
import { book, books } from './store-samples.ts'
import { useTestPostgres } from './use-test-postgres.ts'

let server: TestPostgres
useTestPostgres((opened) => (server = opened))

const names = postgresMigrations.map(({ name }) => name)
/** Those of a later version: one that only adds, and one that also removes. */
const later = [
  ...postgresMigrations,
  { name: '900_add', up: 'CREATE TABLE meshyard.added (x int)' },
  {
    name: '901_change',
    up: 'ALTER TABLE meshyard.added ADD COLUMN y int',
    finish: 'ALTER TABLE meshyard.added DROP COLUMN x',
  },
]

it('bootstraps once, resets once, and tells so', async () => {
  const target = await server.createDatabase({ bootstrapped: false })
  await using migrations = await openMigrations({ kind: 'postgres', ...target })
  expect(await migrations.state()).toBe('needs-bootstrap')
  expect(await migrations.list()).toEqual({ executed: [], pending: [], new: names })
  await expect(migrations.up()).rejects.toMatchObject({ code: 'store-needs-bootstrap' })
  await expect(migrations.finish()).rejects.toMatchObject({ code: 'store-needs-bootstrap' })
  expect(await migrations.reset()).toBe(false)
  expect(await migrations.bootstrap()).toEqual(names)
  expect(await migrations.bootstrap()).toEqual([])
  expect(await migrations.state()).toBe('current')
  expect(await migrations.up()).toEqual([])
  expect(await migrations.finish()).toEqual([])
  await using store = await openPostgresStore(target)
  await store.write((transaction) => transaction.insert(books, book('a')))
  expect(await migrations.reset()).toBe(true)
  expect(await migrations.reset()).toBe(false)
  expect(await migrations.state()).toBe('needs-bootstrap')
  await expect(store.version()).rejects.toMatchObject({ code: 'store-needs-bootstrap' })
  await migrations.bootstrap()
  expect(await store.read((view) => view.list(books))).toEqual([])
})

it('bootstraps once when many do so at the same moment', async () => {
  const target = await server.createDatabase({ bootstrapped: false })
  const nodes = await Promise.all(Array.from({ length: 4 }, () => openPostgresMigrations(target)))
  const executed = await Promise.all(nodes.map((node) => node.bootstrap()))
  for (const node of nodes) await node[Symbol.asyncDispose]()
  expect(executed.toSorted((a, b) => a.length - b.length)).toEqual([[], [], [], names])
  await using store = await openPostgresStore(target)
  expect(await store.version()).toBe(0)
})

it('takes a database to a later version in two steps, between which old nodes work on but do not start', async () => {
  const target = await server.createDatabase()
  await using old = await openPostgresStore(target)
  await using migrations = await openPostgresMigrations(target, { known: later })
  expect(await migrations.state()).toBe('new')
  await expect(migrations.finish()).rejects.toThrow("run 'kong migrations up'")
  expect(await migrations.up()).toEqual(['900_add', '901_change'])
  expect(await migrations.list()).toEqual({
    executed: [...names, '900_add'],
    pending: ['901_change'],
    new: [],
  })
  expect(await migrations.state()).toBe('pending')
  await old.write((transaction) => transaction.insert(books, book('a')))
  await expect(openPostgresStore(target)).rejects.toMatchObject({
    code: 'store-too-new',
    message: expect.stringContaining('900_add, 901_change'),
  })
  await using older = await openPostgresMigrations(target)
  await expect(older.state()).rejects.toMatchObject({ code: 'store-too-new' })
  await expect(older.up()).rejects.toMatchObject({ code: 'store-too-new' })
  expect(await migrations.finish()).toEqual(['901_change'])
  expect(await migrations.finish()).toEqual([])
  expect(await migrations.state()).toBe('current')
  expect(await old.read((view) => view.list(books))).toHaveLength(1)
})

it('leaves a database as it was when a step fails', async () => {
  const target = await server.createDatabase()
  const broken = { name: '902_broken', up: 'CREATE TABLE meshyard.half (x int); SELECT nonsense' }
  await using migrations = await openPostgresMigrations(target, { known: [...later, broken] })
  await expect(migrations.up()).rejects.toMatchObject({ code: 'store-failed' })
  expect((await migrations.list()).new).toEqual(['900_add', '901_change', '902_broken'])
  // The control: without the faulty step the same database takes the others.
  await using sound = await openPostgresMigrations(target, { known: later })
  expect(await sound.up()).toEqual(['900_add', '901_change'])
})

it('waits for others that migrate no longer than told', async () => {
  const target = await server.createDatabase()
  const slow = { name: '903_slow', up: 'SELECT pg_sleep(3)' }
  await using first = await openPostgresMigrations(target, { known: [...postgresMigrations, slow] })
  await using second = await openPostgresMigrations(
    { ...target, timeoutMs: 1000 },
    { lockTimeoutMs: 300 },
  )
  const running = first.up()
  await expect
    .poll(() => second.bootstrap().catch((error: { code: string }) => error.code))
    .toBe('store-busy')
  expect(await running).toEqual(['903_slow'])
})
