import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openSqliteStore } from './sqlite-store.ts'
import type { Store } from './store.ts'
import { book, books } from './store-samples.ts'
import { describeStore } from './store-suite.ts'

async function temporaryFile(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-store-'))
  onTestFinished(() => folder.remove())
  return join(folder.path, 'kong.sqlite')
}

describeStore(async () => openSqliteStore(await temporaryFile()))

describe('one file, many stores', () => {
  it('is made once when many open it at the same moment', async () => {
    const file = await temporaryFile()
    const stores = await Promise.all(Array.from({ length: 8 }, () => openSqliteStore(file)))
    await Promise.all(
      stores.map((store, index) =>
        store.write((transaction) => transaction.insert(books, book(`b${index}`))),
      ),
    )
    expect(await stores[0]?.read((view) => view.list(books))).toHaveLength(8)
    expect(await stores[7]?.version()).toBe(8)
    for (const store of stores) await store[Symbol.asyncDispose]()
  })

  it('tells of a change by another process long before the poll', async () => {
    const file = await temporaryFile()
    await using store = await openSqliteStore(file, { pollMs: 600_000 })
    await using other = await openSqliteStore(file)
    for (let n = 0; n < 20; n += 1) {
      const told = nextChange(store)
      await other.write((transaction) => transaction.insert(books, book(`${n}`)))
      // Ten minutes before the poll.
      expect(await told).toBe(n + 1)
    }
  })

  it('tells of a change between opening and watching', async () => {
    const file = await temporaryFile()
    await using store = await openSqliteStore(file, { pollMs: 600_000 })
    await using other = await openSqliteStore(file)
    await other.write((transaction) => transaction.insert(books, book('a')))
    expect(await nextChange(store)).toBe(1)
  })

  it('makes a writer wait while another process writes, without stopping its process', async () => {
    const file = await temporaryFile()
    await using store = await openSqliteStore(file)
    await using other = await openSqliteStore(file)
    const events: string[] = []
    const inside = Promise.withResolvers<void>()
    const first = store.write(async (transaction) => {
      await transaction.insert(books, book('a'))
      await inside.promise
      events.push('first')
    })
    const second = other
      .write((transaction) => transaction.insert(books, book('b')))
      .then(() => events.push('second'))
    // A store that waited inside SQLite would never come here.
    setTimeout(() => inside.resolve(), 20)
    await Promise.all([first, second])
    expect(events).toEqual(['first', 'second'])
    expect(await store.read((view) => view.list(books))).toHaveLength(2)
  })

  it('shows a reader one state, whatever is written meanwhile', async () => {
    const file = await temporaryFile()
    await using store = await openSqliteStore(file)
    await using other = await openSqliteStore(file)
    const counts = await store.read(async (view) => {
      const before = await view.list(books)
      await other.write((transaction) => transaction.insert(books, book('a')))
      return [before.length, (await view.list(books)).length]
    })
    expect(counts).toEqual([0, 0])
    expect(await store.read((view) => view.list(books))).toHaveLength(1)
  })
})

describe('opening', () => {
  it('names the file that is no database', async () => {
    const file = await temporaryFile()
    await writeFile(file, 'this is not a database, however long it may be'.repeat(20))
    await expect(openSqliteStore(file)).rejects.toMatchObject({
      code: 'store-open-failed',
      message: expect.stringContaining(file),
    })
  })

  it('refuses the database of another program and of a newer version, and leaves them as they are', async () => {
    const file = await temporaryFile()
    using foreign = new DatabaseSync(file)
    foreign.exec('CREATE TABLE theirs (x)')
    await expect(openSqliteStore(file)).rejects.toThrow('database of another program')
    expect(foreign.prepare('SELECT name FROM sqlite_schema').all()).toHaveLength(1)

    const newer = await temporaryFile()
    await (await openSqliteStore(newer))[Symbol.asyncDispose]()
    using raised = new DatabaseSync(newer)
    raised.exec('PRAGMA user_version = 99')
    await expect(openSqliteStore(newer)).rejects.toThrow('newer version')
  })

  it('fails in a folder that is not there', async () => {
    const file = join(await temporaryFile(), 'missing', 'kong.sqlite')
    await expect(openSqliteStore(file)).rejects.toMatchObject({ code: 'store-open-failed' })
  })

  it('leaves one file when the last process has closed it', async () => {
    const file = await temporaryFile()
    const store = await openSqliteStore(file)
    await store.write((transaction) => transaction.insert(books, book('a')))
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    expect(await readdir(join(file, '..'))).toEqual(['kong.sqlite'])
    await expect(store.version()).rejects.toMatchObject({ code: 'store-closed' })
  })
})

function nextChange(store: Store): Promise<number> {
  return new Promise((resolve) => {
    const listening = store.watch((version) => {
      listening[Symbol.dispose]()
      resolve(version)
    })
  })
}
