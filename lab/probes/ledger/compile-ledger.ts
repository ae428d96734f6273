import type {
  LedgerEntryRecord,
  LedgerRecord,
  LedgerRequestRecord,
} from '#reports/record/record.ts'
import type { Book, Entry } from './book.ts'
import type { Imbalance } from './find-imbalances.ts'

export interface Ledger {
  readonly sent: Book
  readonly books: readonly Book[]
  readonly imbalances: readonly Imbalance[]
}

/** Of more requests than these the record keeps those that do not balance, and the first of the others. */
const requestsKept = 100
const placesKept = 5

/**
 * The books of a scenario, by request: who sent it, and everywhere that it was seen or is due, in the order of its way,
 * what a node says of it behind what came in there.
 */
export function compileLedger({ sent, books, imbalances }: Ledger): LedgerRecord {
  const ordered = inOrderOfWay(books)
  const wrong = new Set(imbalances.map(({ id, book }) => `${id} ${book}`))
  const ids = [...new Set(sent.entries.flatMap(({ id }) => id ?? []))]
  const entriesOf = new Map(
    [sent, ...books].map(({ name, entries }) => [name, Map.groupBy(entries, ({ id }) => id)]),
  )
  const requests = ids.map((id): LedgerRequestRecord => {
    const entry = ({ name, proof = 'log', due }: Book): readonly LedgerEntryRecord[] => {
      const entries = entriesOf.get(name)?.get(id) ?? []
      const balanced = !wrong.has(`${id} ${name}`)
      // What is not due and has not been seen is nowhere on its way.
      if (entries.length === 0 && balanced && !isDue(due(id))) return []
      return [{ book: name, proof, times: entries.length, where: placesOf(entries), balanced }]
    }
    const [first] = entriesOf.get(sent.name)?.get(id) ?? []
    return { id, sent: first?.where ?? sent.name, entries: ordered.flatMap(entry) }
  })
  return {
    verdict: imbalances.length === 0 ? 'balanced' : 'unbalanced',
    total: requests.length,
    requests:
      requests.length <= requestsKept
        ? requests
        : [...requests.filter(isWrong), ...requests.filter((each) => !isWrong(each))].slice(
            0,
            requestsKept,
          ),
    imbalances: imbalances.map(({ text }) => text),
  }
}

function isWrong({ entries }: LedgerRequestRecord): boolean {
  return entries.some(({ balanced }) => !balanced)
}

/** Legs, and behind each the logs of the node that it leads to; counters last. */
function inOrderOfWay(books: readonly Book[]): readonly Book[] {
  const legs = books.filter(({ proof }) => proof === 'packets')
  const others = books.filter(({ proof }) => proof !== 'packets')
  const behind = legs.flatMap((leg) => [leg, ...others.filter((log) => isOfEnd(log, leg))])
  return [...new Set([...behind, ...others])]
}

function isOfEnd(log: Book, leg: Book): boolean {
  const [, node] = leg.name.split(' to ')
  return log.name === `the log of ${node}`
}

function isDue(due: ReturnType<Book['due']>): boolean {
  return typeof due !== 'number' || due > 0
}

function placesOf(entries: readonly Entry[]): readonly string[] {
  const places = entries.slice(0, placesKept).map(({ where }) => where)
  const more = entries.length - placesKept
  return more > 0 ? [...places, `${more} more`] : places
}
