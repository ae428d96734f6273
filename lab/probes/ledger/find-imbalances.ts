import type { Canary } from '#lab/probes/canary.ts'
import type { Book, Entry, Times } from './book.ts'

/** One request that two books do not agree on. */
export interface Imbalance {
  readonly kind: 'missing' | 'surplus' | 'unknown' | 'nameless' | 'disorder'
  /** Undefined: it carries none. */
  readonly id: Canary | undefined
  /** The one that has it otherwise than it is due. */
  readonly book: string
  /** In words, with both books and the places in them. */
  readonly text: string
}

/**
 * Where books contradict each other; empty when they balance. Each request that was sent is due in each book as often as
 * that book says; another one, or one without an id, is due nowhere.
 * @throws {RangeError} When a book is due like one that is not there.
 */
export function findImbalances(sent: Book, books: readonly Book[]): readonly Imbalance[] {
  const pages = new Map([sent, ...books].map(({ name, entries }) => [name, byId(entries)]))
  const page = (name: string, id: Canary | undefined): Page => {
    const found = pages.get(name)
    if (found === undefined) throw new RangeError(`There is no book "${name}" to compare with.`)
    return { book: name, entries: found.get(id) ?? [] }
  }
  const ids = new Set(sent.entries.flatMap(({ id }) => id ?? []))
  return books.flatMap(({ name, entries, due }) => {
    const strangers = [...byId(entries).keys()].filter((id) => id === undefined || !ids.has(id))
    return [
      ...strangers.map((id) => unsent(id, page(name, id), sent.name)),
      ...[...ids].flatMap((id) => {
        const wanted = due(id)
        const own = page(name, id)
        if (typeof wanted === 'number' || !('like' in wanted)) {
          return miscounted(id, own, { other: page(sent.name, id), times: wanted })
        }
        const other = page(wanted.like, id)
        const wrong = miscounted(id, own, { other, times: other.entries.length })
        return wrong.length > 0 ? wrong : misplaced(id, own, other)
      }),
    ]
  })
}

/** What a book has of one request. */
interface Page {
  readonly book: string
  readonly entries: readonly Entry[]
}

function byId(entries: readonly Entry[]): ReadonlyMap<Canary | undefined, readonly Entry[]> {
  return Map.groupBy(entries, ({ id }) => id)
}

function unsent(id: Canary | undefined, page: Page, sender: string): Imbalance {
  const { book } = page
  if (id === undefined) {
    const text = `without an id: ${renderPage(page)}, and nobody can tell whose they are`
    return { kind: 'nameless', id, book, text }
  }
  return { kind: 'unknown', id, book, text: `${id}: ${renderPage(page)}, but ${sender} never did` }
}

function miscounted(
  id: Canary,
  page: Page,
  { other, times }: { readonly other: Page; readonly times: Times },
): readonly Imbalance[] {
  const range = typeof times === 'number' ? { atLeast: times, atMost: times } : times
  const { atLeast, atMost } = range
  const seen = page.entries.length
  if (seen >= atLeast && seen <= atMost) return []
  const due = atLeast === atMost ? `${atMost}` : `${atLeast} to ${atMost}`
  const text = `${id}: ${renderPage(page)} instead of ${due}; ${renderPage(other)}`
  return [{ kind: seen < atLeast ? 'missing' : 'surplus', id, book: page.book, text }]
}

/** The nth time of one book cannot be before the nth time of the book it follows. */
function misplaced(id: Canary, page: Page, other: Page): readonly Imbalance[] {
  const earlier = timesOf(other.entries)
  const wrong = timesOf(page.entries).some((at, index) => at < (earlier[index] ?? at))
  if (!wrong) return []
  const text = `${id}: ${renderPage(page)} before ${renderPage(other)}`
  return [{ kind: 'disorder', id, book: page.book, text }]
}

function timesOf(entries: readonly Entry[]): readonly number[] {
  return entries.flatMap(({ at }) => at ?? []).toSorted((a, b) => a - b)
}

/** Of many, the first ones say enough. */
const placesShown = 5

function renderPage({ book, entries }: Page): string {
  const places = entries.slice(0, placesShown).map(({ where }) => where)
  const more = entries.length > placesShown ? [`${entries.length - placesShown} more`] : []
  const where = entries.length === 0 ? '' : ` (${[...places, ...more].join(', ')})`
  return `${book} has it ${entries.length} times${where}`
}
