import { describe, expect, it } from 'vitest'
import type { Book, Entry } from './book.ts'
import { compileLedger } from './compile-ledger.ts'
import { findImbalances } from './find-imbalances.ts'
import { planBooks } from './plan-books.ts'

const one = 'canary1'
const two = 'canary2'

function entries(where: string, ...ids: readonly string[]): readonly Entry[] {
  return ids.map((id, index) => ({ id, where: `${where} ${index + 1}` }))
}

function ledger(ids: readonly string[], handled: readonly string[], more: readonly Book[] = []) {
  const { sent, books } = planBooks({
    sent: entries('command', ...ids),
    passageOf: () => ({ from: 'a', handledBy: ['p'] }),
    service: 's',
    crossed: new Map([
      ['p to s', entries('packet 2', ...ids)],
      ['a to p', entries('packet 1', ...ids)],
    ]),
    handled: new Map([['p', entries('line', ...handled)]]),
    served: entries('served', ...ids),
  })
  const all = [...books, ...more]
  return compileLedger({ sent, books: all, imbalances: findImbalances(sent, all) })
}

describe(compileLedger, () => {
  it('follows each request along its way: what packets show, then what the node says that it came to', () => {
    const { verdict, total, requests, imbalances } = ledger([one, two], [one, two])
    expect({ verdict, total, imbalances }).toEqual({
      verdict: 'balanced',
      total: 2,
      imbalances: [],
    })
    expect(requests[1]).toEqual({
      id: two,
      sent: 'command 2',
      entries: [
        { book: 'a to p', proof: 'packets', times: 1, where: ['packet 1 2'], balanced: true },
        { book: 'the log of p', proof: 'log', times: 1, where: ['line 2'], balanced: true },
        { book: 'p to s', proof: 'packets', times: 1, where: ['packet 2 2'], balanced: true },
        { book: 'the log of s', proof: 'log', times: 1, where: ['served 2'], balanced: true },
      ],
    })
  })

  it('marks the one book that has a request otherwise than it is due, and keeps the sentence', () => {
    const { verdict, requests, imbalances } = ledger([one, two], [one])
    expect(verdict).toBe('unbalanced')
    const wrong = requests.flatMap(({ id, entries: found }) =>
      found.filter(({ balanced }) => !balanced).map(({ book, times }) => [id, book, times]),
    )
    expect(wrong).toEqual([[two, 'the log of p', 0]])
    expect(imbalances).toEqual([expect.stringContaining(`${two}: the log of p has it 0 times`)])
  })

  it('leaves out a book in which a request is not due and is not, and puts counters last', () => {
    const counter: Book = {
      name: 'the limiter',
      proof: 'counter',
      entries: entries('key', one),
      due: (id) => (id === one ? 1 : 0),
    }
    const { requests } = ledger([one, two], [one, two], [counter])
    expect(requests.map((request) => request.entries.at(-1)?.book)).toEqual([
      'the limiter',
      'the log of s',
    ])
  })

  it('keeps of very many requests those that do not balance', () => {
    const ids = Array.from({ length: 250 }, (_, index) => `canary${index}`)
    const { total, requests } = ledger(ids, ids.slice(0, -1))
    expect(total).toBe(250)
    expect(requests).toHaveLength(100)
    expect(requests[0]?.id).toBe('canary249')
  })
})
