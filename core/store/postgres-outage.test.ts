import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { TestPostgres } from './open-test-postgres.ts'
import { openTestRelay } from './open-test-relay.ts'
import { openPostgresStore } from './postgres-store.ts'
import type { PostgresTarget } from './postgres-target.ts'
import type { Store } from './store.ts'
import { book, books } from './store-samples.ts'
import { useTestPostgres } from './use-test-postgres.ts'

let server: TestPostgres
useTestPostgres((opened) => (server = opened))

/** Everything that can be asked of a store. */
const questions: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  version: (store) => store.version(),
  read: (store) => store.read((view) => view.list(books)),
  write: (store) => store.write((transaction) => transaction.put(books, book('a'))),
  'read counters': (store) => store.counters.read(['a']),
  'add to counters': (store) => store.counters.add([{ key: 'a', by: 1, expiresAt: 1 }]),
}

describe('a server that is down', () => {
  it('is named by everything that is asked, and used again when it is back', async () => {
    const target = await server.createDatabase()
    await using store = await openPostgresStore(target)
    await store.write((transaction) => transaction.insert(books, book('kept')))
    await server.crash()
    for (const [name, ask] of Object.entries(questions)) {
      const started = performance.now()
      await expect(ask(store), name).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        code: 'store-unreachable',
        message: expect.stringContaining(
          `Cannot reach ${target.database} at 127.0.0.1:${target.port}`,
        ),
      })
      // At once: that nobody listens is no matter of waiting until the time is up.
      expect(performance.now() - started, name).toBeLessThan(target.timeoutMs)
    }
    await expect(openPostgresStore(target)).rejects.toMatchObject({ code: 'store-unreachable' })
    await server.start()
    expect((await store.read((view) => view.list(books))).map(({ id }) => id)).toEqual(['kept'])
    for (const [name, ask] of Object.entries(questions)) {
      const answered = (): Promise<string> => ask(store).then(() => name)
      await expect.poll(answered).toBe(name)
    }
  })

  it('takes nothing of a transaction that it cut off, and its end is told to the writer', async () => {
    await using store = await openPostgresStore(await server.createDatabase())
    const cut = store.write(async (transaction) => {
      await transaction.insert(books, book('a'))
      await server.crash()
      await transaction.insert(books, book('b'))
    })
    await expect(cut).rejects.toMatchObject({ code: 'store-unreachable' })
    await server.start()
    expect(await store.read((view) => view.list(books))).toEqual([])
  })

  it('does not keep listeners from hearing afterwards of what they missed, and of all that follows', async () => {
    const target = await server.createDatabase()
    await using relay = await openTestRelay(target.port)
    // Nothing but the new connection itself can tell of the change.
    await using store = await openPostgresStore(through(target, relay.port), { pollMs: 600_000 })
    await using other = await openPostgresStore(target)
    using heard = listen(store)
    await other.write((transaction) => transaction.insert(books, book('a')))
    await heard.version(1)
    relay.hold()
    await other.write((transaction) => transaction.insert(books, book('b')))
    await other.write((transaction) => transaction.insert(books, book('c')))
    relay.heal()
    await heard.version(3)
    expect(heard.all).toEqual([1, 3])
    await other.write((transaction) => transaction.insert(books, book('d')))
    await heard.version(4)
  })

  it('may come back with another database, of which listeners hear too', async () => {
    const target = await server.createDatabase()
    const others = await server.createDatabase()
    await using old = await openPostgresStore(target)
    await using fresh = await openPostgresStore(others)
    await old.write((transaction) => transaction.put(books, book('a')))
    await fresh.write((transaction) => transaction.put(books, book('a')))
    await using relay = await openTestRelay(target.port)
    const moving = through(target, relay.port)
    await using store = await openPostgresStore(moving, { pollMs: 600_000 })
    using heard = listen(store)
    await old.write((transaction) => transaction.put(books, book('b')))
    await heard.version(2)
    moving.database = others.database
    relay.heal()
    await heard.version(1)
  })
})

describe('a server that does not answer', () => {
  it('lets nobody wait longer than the limit, and is used again when it answers', async () => {
    const target = await server.createDatabase()
    await using relay = await openTestRelay(target.port)
    const timeoutMs = 1000
    const limited = { ...through(target, relay.port), timeoutMs }
    await using store = await openPostgresStore(limited)
    await store.read((view) => view.list(books))
    relay.hold()
    const started = performance.now()
    const many = Array.from({ length: 60 }, () => Object.entries(questions)).flat()
    const outcomes = await Promise.allSettled(many.map(([, ask]) => ask(store)))
    // One limit to get a connection or a turn, one for the statement; one after the other they would take 50 s.
    expect(performance.now() - started).toBeLessThan(2 * timeoutMs + 8000)
    expect(outcomes.map(({ status }) => status)).toEqual(many.map(() => 'rejected'))
    await expect(openPostgresStore(limited)).rejects.toMatchObject({ code: 'store-unreachable' })
    relay.heal()
    await store.write((transaction) => transaction.put(books, book('a')))
    expect(await store.version()).toBe(1)
  })

  it('does not keep a store from closing', async () => {
    const target = await server.createDatabase()
    await using relay = await openTestRelay(target.port)
    const store = await openPostgresStore({ ...through(target, relay.port), timeoutMs: 1000 })
    using heard = listen(store)
    await store.write((transaction) => transaction.put(books, book('a')))
    await heard.version(1)
    relay.hold()
    const started = performance.now()
    await store[Symbol.asyncDispose]()
    expect(performance.now() - started).toBeLessThan(10_000)
    await expect(store.version()).rejects.toMatchObject({ code: 'store-closed' })
  })

  it('is told from a writer that keeps the others waiting', async () => {
    const target = { ...(await server.createDatabase()), timeoutMs: 1000 }
    await using store = await openPostgresStore(target)
    await using other = await openPostgresStore(target)
    const inside = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const first = store.write(async (transaction) => {
      await transaction.insert(books, book('a'))
      inside.resolve()
      // Never idle for so long that the server ends it.
      const released = release.promise.then(() => true)
      while (!(await Promise.race([released, sleep(50, false)]))) await transaction.get(books, 'a')
    })
    await inside.promise
    const waiting = [other, store].map((each) =>
      each.write((transaction) => transaction.insert(books, book('b'))),
    )
    for (const write of waiting) {
      await expect(write).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        code: 'store-busy',
      })
    }
    expect(await other.read((view) => view.list(books))).toEqual([])
    release.resolve()
    await first
    await other.write((transaction) => transaction.insert(books, book('b')))
  })
})

describe('a writer that never ends', () => {
  it('is ended by the server, so that others can write, and learns of it', async () => {
    const target = { ...(await server.createDatabase()), timeoutMs: 1000 }
    await using store = await openPostgresStore(target)
    await using other = await openPostgresStore(target)
    const release = Promise.withResolvers<void>()
    const early = Promise.withResolvers<unknown>()
    const write = (): Promise<unknown> =>
      other
        .write((transaction) => transaction.put(books, book('c')))
        .catch((error: unknown) => error)
    const stuck = store.write(async (transaction) => {
      await transaction.insert(books, book('a'))
      // Now, so that the server's two limits begin together and the shorter one ends first.
      early.resolve(write())
      await release.promise
      await transaction.insert(books, book('b'))
    })
    expect(await early.promise).toMatchObject({ code: 'store-busy' })
    await expect.poll(write).toBeUndefined()
    release.resolve()
    await expect(stuck).rejects.toMatchObject({
      code: 'store-busy',
      message: expect.stringContaining('idle-in-transaction timeout'),
    })
    expect((await store.read((view) => view.list(books))).map(({ id }) => id)).toEqual(['c'])
  })
})

function through(target: PostgresTarget, port: number): PostgresTarget & { database: string } {
  return { ...target, port }
}

function listen(
  store: Store,
): Disposable & { readonly all: readonly number[]; version(wanted: number): Promise<void> } {
  const all: number[] = []
  const news = new EventTarget()
  const listening = store.watch((version) => {
    all.push(version)
    news.dispatchEvent(new Event('version'))
  })
  return {
    all,
    version: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (all.includes(wanted)) resolve()
        }
        news.addEventListener('version', look)
        look()
      }),
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  }
}
