import { describe, expect, it } from 'vitest'
import { RevivedLists } from './revived-lists.ts'
import type { Collection } from './store.ts'

interface Book {
  readonly id: string
  readonly tags: readonly string[]
}

function countingBooks(): Collection<Book> & { readonly revived: string[] } {
  const revived: string[] = []
  return {
    name: 'books',
    unique: [],
    references: [],
    indexed: [],
    revived,
    revive: ({ id, tags }) => {
      revived.push(String(id))
      return { id: String(id), tags: Array.isArray(tags) ? tags.map(String) : [] }
    },
  }
}

const row = (id: string, ...tags: string[]): { collection: string; id: string; body: string } => ({
  collection: 'books',
  id,
  body: JSON.stringify({ id, tags }),
})

describe('RevivedLists', () => {
  it('reads only the bodies that were not in the last list', () => {
    const lists = new RevivedLists()
    const books = countingBooks()
    const first = lists.list(books, [row('a'), row('b', 'x')])
    const second = lists.list(books, [row('b', 'y'), row('a'), row('c')])
    expect(books.revived).toEqual(['a', 'b', 'b', 'c'])
    expect(second).toEqual([
      { id: 'b', tags: ['y'] },
      { id: 'a', tags: [] },
      { id: 'c', tags: [] },
    ])
    expect(second[1]).toBe(first[0])
  })

  it('forgets what is not listed any more', () => {
    const lists = new RevivedLists()
    const books = countingBooks()
    lists.list(books, [row('a')])
    lists.list(books, [])
    lists.list(books, [row('a')])
    expect(books.revived).toEqual(['a', 'a'])
  })

  it('reads anew for a collection that reads in another way, even if it has the same name', () => {
    const lists = new RevivedLists()
    const upper: Collection<Book> = {
      ...countingBooks(),
      revive: ({ id }) => ({ id: String(id).toUpperCase(), tags: [] }),
    }
    expect(lists.list(countingBooks(), [row('a')])).toEqual([{ id: 'a', tags: [] }])
    expect(lists.list(upper, [row('a')])).toEqual([{ id: 'A', tags: [] }])
  })

  it('gives out documents that nobody can change for the others', () => {
    const [book] = new RevivedLists().list(countingBooks(), [row('a', 'x')])
    expect(() => Object.assign(book?.tags ?? [], ['y'])).toThrow(TypeError)
    expect(book).toEqual({ id: 'a', tags: ['x'] })
  })
})
