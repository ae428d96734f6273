import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { TestPostgres } from './open-test-postgres.ts'
import { openTestRelay } from './open-test-relay.ts'
import { openPostgresStore } from './postgres-store.ts'
import type { Store } from './store.ts'
import { book, books } from './store-samples.ts'
import { describeStore } from './store-suite.ts'
import { useTestPostgres } from './use-test-postgres.ts'

let server: TestPostgres
useTestPostgres((opened) => (server = opened))

describeStore(async () => openPostgresStore(await server.createDatabase()))

describe('one database, many stores', () => {
  it('tells of a change by another store long before the poll', async () => {
    const target = await server.createDatabase()
    await using store = await openPostgresStore(target, { pollMs: 600_000 })
    await using other = await openPostgresStore(target)
    const heard: number[] = []
    const last = Promise.withResolvers<void>()
    using _listening = store.watch((version) => {
      heard.push(version)
      if (version === 20) last.resolve()
    })
    for (let n = 0; n < 20; n += 1) {
      await other.write((transaction) => transaction.insert(books, book(`${n}`)))
    }
    await last.promise
    expect(heard.at(-1)).toBe(20)
    expect(heard).toEqual([...new Set(heard)].toSorted((a, b) => a - b))
  })

  it('tells of a change between opening and watching', async () => {
    const target = await server.createDatabase()
    await using store = await openPostgresStore(target, { pollMs: 600_000 })
    await using other = await openPostgresStore(target)
    await other.write((transaction) => transaction.insert(books, book('a')))
    const heard = Promise.withResolvers<number>()
    using _listening = store.watch(heard.resolve)
    expect(await heard.promise).toBe(1)
  })

  it('notices, when it polls, a change that nobody gives notice of', async () => {
    const target = await server.createDatabase()
    await using store = await openPostgresStore(target, { pollMs: 50 })
    const heard = Promise.withResolvers<number>()
    using _listening = store.watch(heard.resolve)
    await server.ask(target.database, 'UPDATE meshyard.content_version SET version = 7')
    expect(await heard.promise).toBe(7)
  })

  it('shows a reader one state, whatever is written meanwhile, also where everything is replaced', async () => {
    const target = await server.createDatabase()
    await using store = await openPostgresStore(target)
    await using other = await openPostgresStore(target)
    await other.write((transaction) => transaction.insert(books, book('a')))
    const seen = await store.read(async (view) => {
      const before = await view.list(books)
      await other.write(async (transaction) => {
        await transaction.clear()
        await transaction.insert(books, book('b'))
      })
      return [before, await view.list(books)].map((found) => found.map(({ id }) => id))
    })
    expect(seen).toEqual([['a'], ['a']])
    expect((await store.read((view) => view.list(books))).map(({ id }) => id)).toEqual(['b'])
  })
})

describe('values that PostgreSQL itself would refuse', () => {
  it('are unique and found when they are far too long for an index', async () => {
    await using store = await openPostgresStore(await server.createDatabase())
    // Random, so that compression does not make it short.
    const long = Array.from({ length: 600 }, (_, n) =>
      createHash('sha256').update(`${n}`).digest('hex'),
    ).join('')
    await store.write((transaction) =>
      transaction.insert(books, book('a', { title: long, tags: [long, `${long}!`] })),
    )
    const again = store.write((transaction) =>
      transaction.insert(books, book('b', { title: long })),
    )
    await expect(again).rejects.toMatchObject({ violation: { kind: 'unique' } })
    await store.write((transaction) => transaction.insert(books, book('b', { title: `${long}!` })))
    expect((await store.read((view) => view.find(books, { title: long })))?.id).toBe('a')
    const where = [{ field: 'tags', match: 'all' as const, values: [long, `${long}!`] }]
    const page = await store.read((view) => view.page(books, { size: 9, where }))
    expect(page.documents.map(({ id }) => id)).toEqual(['a'])
  })

  it('lead nowhere when they are ids with a NUL', async () => {
    await using store = await openPostgresStore(await server.createDatabase())
    await store.write((transaction) => transaction.insert(books, book('a')))
    expect(await store.read((view) => view.get(books, 'a\0b'))).toBeUndefined()
    expect(await store.write((transaction) => transaction.remove(books, 'a\0b'))).toBe(false)
    const after = (id: string): Promise<number> =>
      store.read(async (view) => (await view.page(books, { size: 9, after: id })).documents.length)
    expect(await Promise.all(['\0', 'a\0', 'A\0'].map(after))).toEqual([1, 0, 1])
  })
})

describe('a failed statement', () => {
  it('fails the whole change, also when the change has overlooked it', async () => {
    await using store = await openPostgresStore(await server.createDatabase())
    const overlooking = store.write(async (transaction) => {
      await transaction.insert(books, book('a'))
      await transaction.insert(books, book('b\0')).catch(() => {})
    })
    await expect(overlooking).rejects.toMatchObject({ code: 'store-failed' })
    expect(await store.read((view) => view.list(books))).toEqual([])
    expect(await store.version()).toBe(0)
    // The control: a refusal by a rule is no failed statement.
    await store.write(async (transaction) => {
      await transaction.insert(books, book('a'))
      await transaction.insert(books, book('a')).catch(() => {})
    })
    expect(await store.read((view) => view.list(books))).toHaveLength(1)
  })
})

describe('opening', () => {
  it('needs a layout', async () => {
    const target = await server.createDatabase({ bootstrapped: false })
    await expect(openPostgresStore(target)).rejects.toMatchObject({
      code: 'store-needs-bootstrap',
      message: "database needs bootstrapping; run 'kong migrations bootstrap'",
    })
  })

  it('names what is wrong with the user, the database, the host', async () => {
    const target = await server.createDatabase()
    const fault = (changes: object): Promise<unknown> =>
      openPostgresStore({ ...target, ...changes }).catch((error: unknown) => error)
    const place = `127.0.0.1:${target.port}`
    expect(await fault({ password: 'wrong' })).toMatchObject({
      code: 'store-open-failed',
      message: expect.stringMatching(
        `test_.* at ${place}.*password authentication failed.*pg_user`,
      ),
    })
    expect(await fault({ password: '' })).toMatchObject({
      code: 'store-open-failed',
      message: expect.stringContaining('pg_password'),
    })
    expect(await fault({ database: 'nothing' })).toMatchObject({
      code: 'store-open-failed',
      message: expect.stringContaining('database "nothing" does not exist'),
    })
    expect(await fault({ host: 'nothing.invalid', timeoutMs: 2000 })).toMatchObject({
      code: 'store-unreachable',
      message: expect.stringContaining('nothing.invalid'),
    })
    // Somebody listens there who is no PostgreSQL.
    expect(await fault({ port: 1 })).toMatchObject({ code: 'store-unreachable' })
  })
})

describe('encryption', () => {
  it('is what the server sees, with a certificate that is verified on demand', async () => {
    const target = await server.createDatabase()
    const open = (options: object): Promise<Store> => openPostgresStore({ ...target, ...options })
    await using unverified = await open({ ssl: true })
    await using verified = await open({ ssl: true, sslVerify: true, sslCa: server.ca })
    await using plain = await open({})
    for (const store of [unverified, verified, plain]) await store.version()
    const connections = await server.ask(
      'postgres',
      `SELECT ssl, count(*)::int FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE datname = $1 GROUP BY ssl ORDER BY ssl`,
      [target.database],
    )
    expect(connections).toEqual([
      { ssl: false, count: 1 },
      { ssl: true, count: 2 },
    ])
    await expect(open({ ssl: true, sslVerify: true })).rejects.toMatchObject({
      code: 'store-open-failed',
      message: expect.stringMatching(/self[- ]signed certificate.*pg_ssl_verify/u),
    })
    const other = { ssl: true, sslVerify: true, sslCa: server.ca, host: 'localhost' }
    await expect(open(other)).rejects.toMatchObject({
      message: expect.stringContaining('altnames'),
    })
  })

  it('is not given up where the server knows none', async () => {
    const target = await server.createDatabase()
    await using relay = await openTestRelay(target.port)
    const through = { ...target, port: relay.port, ssl: true }
    await (await openPostgresStore(through))[Symbol.asyncDispose]()
    relay.forbidEncryption()
    await expect(openPostgresStore(through)).rejects.toMatchObject({
      code: 'store-open-failed',
      message: expect.stringContaining('does not support SSL'),
    })
  })
})
