import { describe, expect, it } from 'vitest'
import { type Collection, ConstraintError, type Store } from './store.ts'
import { book, books, notes, shelves } from './store-samples.ts'

/** What every kind of store does; `open` makes an empty one. */
export function describeStore(open: () => Promise<Store>): void {
  describe('documents', () => {
    it('are read back as they were written, also odd texts', async () => {
      await using store = await open()
      const odd = book('a', { title: "nul \0, quote ', surrogate \ud800, é 🙂", tags: ['', '%'] })
      await store.write((transaction) => transaction.insert(books, odd))
      expect(await store.read((view) => view.get(books, 'a'))).toEqual(odd)
      const key = { title: odd.title }
      expect(await store.read((view) => view.find(books, key))).toEqual(odd)
    })

    it('cannot be changed through what was read or written', async () => {
      await using store = await open()
      const written = book('a', { tags: ['x'] })
      await store.write((transaction) => transaction.insert(books, written))
      Object.assign(written.tags ?? [], ['y'])
      const seen = await store.read((view) => view.get(books, 'a'))
      Object.assign(seen?.tags ?? [], ['y'])
      expect((await store.read((view) => view.get(books, 'a')))?.tags).toEqual(['x'])
    })

    it('are listed and paged by ascending id', async () => {
      await using store = await open()
      await store.write(async (transaction) => {
        for (const id of ['d', 'a', 'c', 'b', 'e']) await transaction.insert(books, book(id))
      })
      const listed = await store.read((view) => view.list(books))
      expect(listed.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e'])
      const first = await store.read((view) => view.page(books, { size: 2 }))
      expect(first.documents.map(({ id }) => id)).toEqual(['a', 'b'])
      const second = await store.read((view) => view.page(books, { size: 3, after: first.next }))
      expect(second.documents.map(({ id }) => id)).toEqual(['c', 'd', 'e'])
      expect(second.next).toBeUndefined()
    })

    it('are found by all or any of their indexed values, and by reference', async () => {
      await using store = await open()
      await store.write(async (transaction) => {
        await transaction.insert(shelves, { id: 's', name: null })
        await transaction.insert(books, book('a', { tags: ['x', 'y'], shelf: { id: 's' } }))
        await transaction.insert(books, book('b', { tags: ['y', 'y'] }))
        await transaction.insert(books, book('c', { shelf: { id: 's' } }))
      })
      const idsWhere = async (
        field: string,
        match: 'all' | 'any',
        values: readonly string[],
      ): Promise<string[]> => {
        const where = [{ field, match, values }]
        const page = await store.read((view) => view.page(books, { size: 9, where }))
        return page.documents.map(({ id }) => id)
      }
      expect(await idsWhere('tags', 'all', ['x', 'y'])).toEqual(['a'])
      expect(await idsWhere('tags', 'any', ['x', 'y'])).toEqual(['a', 'b'])
      expect(await idsWhere('tags', 'all', ['y', 'y'])).toEqual(['a', 'b'])
      expect(await idsWhere('shelf', 'all', ['s'])).toEqual(['a', 'c'])
      await store.write((transaction) => transaction.put(books, book('a')))
      expect(await idsWhere('tags', 'any', ['x', 'y'])).toEqual(['b'])
      expect(await idsWhere('shelf', 'all', ['s'])).toEqual(['c'])
    })

    it('are read through their collection, which may add what they lack', async () => {
      await using store = await open()
      const { tags: _tags, ...old } = book('a')
      const before: Collection = books
      await store.write((transaction) => transaction.insert(before, old))
      expect(await store.read((view) => view.get(books, 'a'))).toEqual(book('a'))
    })
  })

  describe('rules', () => {
    it('refuses a second document with the same id', async () => {
      await using store = await open()
      await store.write((transaction) => transaction.insert(books, book('a')))
      const again = store.write((transaction) => transaction.insert(books, book('a')))
      expect(await violation(again)).toEqual({ kind: 'primary-key', collection: 'books', id: 'a' })
    })

    it('refuses a taken unique value, and gives it free with its document', async () => {
      await using store = await open()
      await store.write((transaction) => transaction.insert(books, book('a', { title: 'T' })))
      const insert = (): Promise<void> =>
        store.write((transaction) => transaction.put(books, book('b', { title: 'T' })))
      expect(await violation(insert())).toEqual({
        kind: 'unique',
        collection: 'books',
        key: { title: 'T' },
      })
      await store.write((transaction) => transaction.put(books, book('a', { title: 'U' })))
      await insert()
      await store.write((transaction) => transaction.remove(books, 'b'))
      await insert()
      const key = { title: 'T' }
      expect((await store.read((view) => view.find(books, key)))?.id).toBe('b')
    })

    it('lets null be shared in a plain unique key but not in one where nulls are equal', async () => {
      await using store = await open()
      await store.write(async (transaction) => {
        await transaction.insert(books, book('a', { author: 'A' }))
        await transaction.insert(books, book('b', { author: 'B' }))
      })
      const third = store.write((transaction) =>
        transaction.insert(books, book('c', { author: 'A' })),
      )
      expect(await violation(third)).toMatchObject({ key: { author: 'A', shelf: null } })
    })

    it('refuses a reference to nothing and the removal of what is referenced', async () => {
      await using store = await open()
      const put = (): Promise<void> =>
        store.write((transaction) => transaction.put(books, book('a', { shelf: { id: 's' } })))
      expect(await violation(put())).toEqual({
        kind: 'missing-reference',
        collection: 'books',
        field: 'shelf',
        referenced: 'shelves',
        id: 's',
      })
      await store.write((transaction) => transaction.insert(shelves, { id: 's', name: 'S' }))
      await put()
      const remove = (): Promise<boolean> =>
        store.write((transaction) => transaction.remove(shelves, 's'))
      expect(await violation(remove())).toMatchObject({ kind: 'still-referenced', by: 'books' })
      await store.write((transaction) => transaction.remove(books, 'a'))
      expect(await remove()).toBe(true)
      expect(await remove()).toBe(false)
    })

    it('removes with a document what refers to it by cascade', async () => {
      await using store = await open()
      await store.write(async (transaction) => {
        await transaction.insert(books, book('a'))
        await transaction.insert(books, book('b'))
        await transaction.insert(notes, { id: '1', book: { id: 'a' } })
        await transaction.insert(notes, { id: '2', book: { id: 'b' } })
      })
      await store.write((transaction) => transaction.remove(books, 'a'))
      expect(await store.read((view) => view.list(notes))).toEqual([{ id: '2', book: { id: 'b' } }])
    })
  })

  describe('transactions', () => {
    it('leave nothing behind when they fail half-way', async () => {
      await using store = await open()
      await store.write(async (transaction) => {
        await transaction.insert(books, book('a', { title: 'T', tags: ['x'] }))
        await transaction.insert(notes, { id: '1', book: { id: 'a' } })
      })
      const before = await store.version()
      const failure = store.write(async (transaction) => {
        await transaction.insert(books, book('b'))
        await transaction.put(books, book('a', { title: 'U' }))
        await transaction.remove(books, 'a')
        throw new Error('enough')
      })
      await expect(failure).rejects.toThrow('enough')
      expect(await store.version()).toBe(before)
      const found = await store.read(async (view) => ({
        books: await view.list(books),
        notes: await view.list(notes),
        titled: await view.find(books, { title: 'U' }),
      }))
      expect(found.books).toEqual([book('a', { title: 'T', tags: ['x'] })])
      expect(found.notes).toHaveLength(1)
      expect(found.titled).toBeUndefined()
    })

    it('see their own changes, and come one after the other', async () => {
      await using store = await open()
      const add = (id: string): Promise<number> =>
        store.write(async (transaction) => {
          await transaction.insert(books, book(id))
          return (await transaction.list(books)).length
        })
      expect(await Promise.all(['a', 'b', 'c', 'd'].map(add))).toEqual([1, 2, 3, 4])
    })

    it('cannot be used after their end', async () => {
      await using store = await open()
      const kept = await store.write(async (transaction) => ({ transaction }))
      await expect(kept.transaction.insert(books, book('a'))).rejects.toMatchObject({
        code: 'store-view-closed',
      })
      expect(await store.read((view) => view.list(books))).toEqual([])
    })
  })

  describe('a whole replacement', () => {
    it('leaves only what was inserted after it, and is told of as one change', async () => {
      await using store = await open()
      await store.write(async (transaction) => {
        await transaction.insert(shelves, { id: 's', name: 'S' })
        await transaction.insert(books, book('a', { title: 'T', tags: ['x'], shelf: { id: 's' } }))
        await transaction.insert(notes, { id: '1', book: { id: 'a' } })
      })
      const before = await store.version()
      await store.write(async (transaction) => {
        await transaction.clear()
        expect(await transaction.list(shelves)).toEqual([])
        await transaction.insert(books, book('b', { title: 'T' }))
      })
      expect(await store.version()).toBe(before + 1)
      const found = await store.read(async (view) => ({
        books: await view.list(books),
        others: [...(await view.list(shelves)), ...(await view.list(notes))],
        titled: await view.find(books, { title: 'T' }),
        tagged: await view.page(books, {
          size: 9,
          where: [{ field: 'tags', match: 'any', values: ['x'] }],
        }),
      }))
      expect(found.books).toEqual([book('b', { title: 'T' })])
      expect(found.others).toEqual([])
      expect(found.titled?.id).toBe('b')
      expect(found.tagged.documents).toEqual([])
    })

    it('is undone when it fails, and is no change where there was nothing', async () => {
      await using store = await open()
      await store.write((transaction) => transaction.clear())
      expect(await store.version()).toBe(0)
      await store.write((transaction) => transaction.insert(books, book('a', { title: 'T' })))
      const failure = store.write(async (transaction) => {
        await transaction.clear()
        await transaction.insert(books, book('b', { title: 'T' }))
        throw new Error('enough')
      })
      await expect(failure).rejects.toThrow('enough')
      expect(await store.read((view) => view.list(books))).toEqual([book('a', { title: 'T' })])
      expect(await store.version()).toBe(1)
    })
  })

  describe('counters', () => {
    const later = Date.now() + 3_600_000

    it('begin at nothing and grow by what is added, also by many at once', async () => {
      await using store = await open()
      expect(await store.counters.read(['a', 'b'])).toEqual([0, 0])
      const add = (key: string, by: number): Promise<void> =>
        store.counters.add([{ key, by, expiresAt: later }])
      await Promise.all(Array.from({ length: 20 }, (_, index) => add(index % 2 ? 'a' : 'b', 2)))
      await store.counters.add([
        { key: "odd \0 ' é", by: 1, expiresAt: later },
        { key: 'a', by: 0.5, expiresAt: later },
        { key: 'a', by: 1, expiresAt: later },
      ])
      await store.counters.add([])
      const keys = ['a', 'nothing', "odd \0 ' é", 'b', 'a']
      expect(await store.counters.read(keys)).toEqual([21.5, 0, 1, 20, 21.5])
      expect(await store.counters.read([])).toEqual([])
    })

    it('begin anew when they have expired, unless somebody has prolonged them', async () => {
      await using store = await open()
      const past = Date.now() - 1
      await store.counters.add([
        { key: 'old', by: 5, expiresAt: past },
        { key: 'prolonged', by: 5, expiresAt: past },
        { key: 'prolonged', by: 1, expiresAt: later },
      ])
      expect(await store.counters.read(['old', 'prolonged'])).toEqual([0, 6])
      await store.counters.add([{ key: 'old', by: 1, expiresAt: later }])
      await store.counters.add([{ key: 'prolonged', by: 1, expiresAt: past }])
      expect(await store.counters.read(['old', 'prolonged'])).toEqual([1, 7])
    })

    it('are no part of the version, and nobody is told of them', async () => {
      await using store = await open()
      const seen: number[] = []
      using _listening = store.watch((version) => void seen.push(version))
      await store.counters.add([{ key: 'a', by: 1, expiresAt: later }])
      expect(await store.version()).toBe(0)
      await store.write((transaction) => transaction.insert(books, book('a')))
      expect(seen).toEqual([1])
      await store.write((transaction) => transaction.clear())
      expect(await store.counters.read(['a'])).toEqual([1])
    })
  })

  describe('versions', () => {
    it('grow with each change, and not without one', async () => {
      await using store = await open()
      const first = await store.version()
      await store.write((transaction) => transaction.insert(books, book('a')))
      const second = await store.version()
      expect(second).toBeGreaterThan(first)
      await store.write((transaction) => transaction.remove(books, 'nothing'))
      await store.read((view) => view.list(books))
      expect(await store.version()).toBe(second)
      expect(await store.read(async (view) => view.version)).toBe(second)
    })

    it('are told to listeners before a write resolves, until they are disposed of', async () => {
      await using store = await open()
      const seen: number[] = []
      const listening = store.watch(async () => {
        const found = await store.read((view) => view.list(books))
        seen.push(found.length)
      })
      await store.write((transaction) => transaction.insert(books, book('a')))
      expect(seen).toEqual([1])
      await store.write((transaction) => transaction.remove(books, 'b'))
      expect(seen).toEqual([1])
      listening[Symbol.dispose]()
      await store.write((transaction) => transaction.insert(books, book('b')))
      expect(seen).toEqual([1])
    })

    it('are told to a listener that writes in its turn, of its own change too', async () => {
      await using store = await open()
      const seen: number[] = []
      using _listening = store.watch(async (version) => {
        seen.push(version)
        if (version > 1) return
        await store.write((transaction) => transaction.insert(books, book('b')))
        await store.write((transaction) => transaction.remove(books, 'nothing'))
      })
      await store.write((transaction) => transaction.insert(books, book('a')))
      expect(seen).toEqual([1, 2])
      expect(await store.version()).toBe(2)
    })
  })
}

async function violation(attempt: Promise<unknown>): Promise<unknown> {
  const outcome = await attempt.catch((error: unknown) => error)
  expect(outcome).toBeInstanceOf(ConstraintError)
  return outcome instanceof ConstraintError ? outcome.violation : undefined
}
