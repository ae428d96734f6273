import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Book, Due, Entry } from './book.ts'
import { findImbalances } from './find-imbalances.ts'

const [one, two] = ['canary-one', 'canary-two'] as const

/** Entries that were seen one after the other, from a time on. */
function book(name: string, ids: readonly (string | undefined)[], due: Due = 1, from = 0): Book {
  const entries = ids.map((id, index): Entry => ({
    id,
    where: `${name} ${index}`,
    at: from + index,
  }))
  return { name, entries, due: () => due }
}

const sent = book('client', [one, two])
const like = (name: string): Due => ({ like: name })

function kinds(books: readonly Book[]): readonly string[] {
  return findImbalances(sent, books).map(({ kind, id }) => `${kind} ${id}`)
}

describe(findImbalances, () => {
  it('finds none where each book has each request as often as it is due, whatever the order of requests', () => {
    expect(
      kinds([
        book('a', [two, one], like('client'), 10),
        book('b', [one, two], like('a'), 20),
        book('plugin', [one, one, two, two], 2),
        book('elsewhere', [], 0),
        book('retried', [one, one, two], { atLeast: 1, atMost: 2 }),
      ]),
    ).toEqual([])
  })

  it('names a request that is missing, the book it is missing in and where the other book has it', () => {
    expect(findImbalances(sent, [book('a', [one], like('client'))])).toEqual([
      {
        kind: 'missing',
        id: two,
        book: 'a',
        text: 'canary-two: a has it 0 times instead of 1; client has it 1 times (client 1)',
      },
    ])
  })

  it('names a request that is there twice, with both places', () => {
    expect(findImbalances(sent, [book('a', [one, two, one], like('client'))])).toEqual([
      {
        kind: 'surplus',
        id: one,
        book: 'a',
        text: 'canary-one: a has it 2 times (a 0, a 2) instead of 1; client has it 1 times (client 0)',
      },
    ])
  })

  it('accuses the book where a difference begins, and not those that follow it', () => {
    const books = [
      book('a', [one, two], like('client')),
      book('b', [one, one, two], like('a'), 10),
      book('c', [one, one, two], like('b'), 20),
      book('log of c', [one, one, two], like('c'), 30),
    ]
    expect(kinds(books)).toEqual([`surplus ${one}`])
  })

  it('does not let one request make up for another', () => {
    expect(kinds([book('a', [one, one], like('client'))])).toEqual([
      `surplus ${one}`,
      `missing ${two}`,
    ])
  })

  it('names a request where none is due, such as past a proxy', () => {
    expect(kinds([book('client to service', [two], 0)])).toEqual([`surplus ${two}`])
  })

  it('names a request that nobody sent', () => {
    expect(findImbalances(sent, [book('a', [one, two, 'canary-x'], like('client'))])).toEqual([
      {
        kind: 'unknown',
        id: 'canary-x',
        book: 'a',
        text: 'canary-x: a has it 1 times (a 2), but client never did',
      },
    ])
  })

  it('tells of requests without an id', () => {
    expect(kinds([book('a', [undefined, one, two], like('client'))])).toEqual([
      'nameless undefined',
    ])
  })

  it('finds a request that one book has before the book it comes from', () => {
    const early = { ...book('b', [one, two], like('a')), entries: [at(one, 4), at(two, 9)] }
    const late = { ...book('a', [one, two]), entries: [at(one, 5), at(two, 6)] }
    expect(kinds([late, early])).toEqual([`disorder ${one}`])
  })

  it('compares retries one by one', () => {
    const a = { ...book('a', [], 2), entries: [at(one, 1), at(one, 5), at(two, 1), at(two, 5)] }
    const b = {
      ...book('b', [], like('a')),
      entries: [at(one, 2), at(one, 6), at(two, 2), at(two, 4)],
    }
    expect(kinds([a, b])).toEqual([`disorder ${two}`])
  })

  it('holds a range to its bounds', () => {
    const range = { atLeast: 1, atMost: 2 }
    expect(kinds([book('a', [one, one, one], range)])).toEqual([`surplus ${one}`, `missing ${two}`])
  })

  it('shows five places of many', () => {
    const [found] = findImbalances(sent, [
      book('a', [two, ...Array.from({ length: 9 }, () => one)]),
    ])
    expect(found?.text).toContain('(a 1, a 2, a 3, a 4, a 5, 4 more)')
  })

  it('refuses to compare with a book that is not there', () => {
    expect(() => kinds([book('a', [one], like('nobody'))])).toThrow('no book "nobody"')
  })

  it('balances no book that was changed in one entry', () => {
    const ids = fc.uniqueArray(fc.constantFrom<(string | undefined)[]>('p', 'q', 'r', 's'), {
      minLength: 1,
    })
    const change = fc.record({
      at: fc.nat(),
      how: fc.constantFrom('lose', 'repeat', 'rename', 'strip'),
    })
    fc.assert(
      fc.property(ids, change, (all, { at: place, how }) => {
        const client = book('client', all)
        const index = place % all.length
        const id = all[index]
        const instead = { lose: [], repeat: [id, id], rename: ['other'], strip: [undefined] }[how]
        const changed = book('a', all.toSpliced(index, 1, ...instead), like('client'))
        expect(findImbalances(client, [book('a', all, like('client'))])).toEqual([])
        expect(findImbalances(client, [changed]).length).toBeGreaterThan(0)
      }),
    )
  })
})

function at(id: string, time: number): Entry {
  return { id, where: `packet ${time}`, at: time }
}
