import type { Canary } from '#lab/probes/canary.ts'
import type { Book, Due, Entry, Times } from './book.ts'

/** How a request is meant to go from one node to another. */
export interface Passage {
  /** The nodes that hand it on, in order. */
  readonly handledBy: readonly string[]
  /** Who is to answer it, where that is one of these and not the service. */
  readonly endsAt?: string
  /** How often it crosses a leg of its way, `kong-a to kong-b`, where that is not as often as the leg before it. */
  readonly crossed?: Readonly<Record<string, Times>>
  /** How often a node says that it has handled it, where that is not as often as it came in. */
  readonly handled?: Readonly<Record<string, Times>>
  /** How often the service says that it has seen it, where that is not as often as it came in. */
  readonly served?: Times
}

export interface BooksContext {
  /** The node that sent a request, and how it is meant to go from there. */
  readonly passageOf: (id: Canary) => Passage & { readonly from: string }
  /** Where a request ends that no proxy answers. */
  readonly service: string
  /** What packets show of each leg, by its name; see `legName`. */
  readonly crossed: ReadonlyMap<string, readonly Entry[]>
  /** What proxies say, by name. */
  readonly handled: ReadonlyMap<string, readonly Entry[]>
  /** What the service says. */
  readonly served: readonly Entry[]
  readonly sent: readonly Entry[]
}

export const sentBook = 'the commands'

export function legName(from: string, to: string): string {
  return `${from} to ${to}`
}

/**
 * The books of a scenario. A leg of the way of a request is due as often as the leg before it, the log of a node and the
 * service as often as the leg into it, and everything else never: so a difference is found where it begins.
 */
export function planBooks(context: BooksContext): { readonly sent: Book; readonly books: Book[] } {
  const { passageOf, service, crossed, handled, served, sent } = context
  const ways = new Map<Canary, readonly string[]>()
  for (const { id } of sent) {
    if (id !== undefined) ways.set(id, wayOf(passageOf(id), service))
  }
  const legs = new Set([...[...ways.values()].flatMap(legsOf), ...crossed.keys()])
  const proxies = new Set([
    ...[...ways.values()].flatMap((way) => way.slice(1)).filter((node) => node !== service),
    ...handled.keys(),
  ])
  const legBooks = [...legs].map((name): Book => {
    const due = (id: Canary): Due => {
      const own = legsOf(ways.get(id) ?? [])
      const at = own.indexOf(name)
      return passageOf(id).crossed?.[name] ?? (at < 0 ? 0 : { like: own[at - 1] ?? sentBook })
    }
    return { name, proof: 'packets', entries: crossed.get(name) ?? [], due }
  })
  const into = (id: Canary, node: string): Due => {
    const leg = legsOf(ways.get(id) ?? []).find((name) => name.endsWith(` to ${node}`))
    return leg === undefined ? 0 : { like: leg }
  }
  const logBooks = [...proxies].map((node): Book => ({
    name: `the log of ${node}`,
    entries: handled.get(node) ?? [],
    due: (id) => passageOf(id).handled?.[node] ?? into(id, node),
  }))
  const serviceBook: Book = {
    name: `the log of ${service}`,
    entries: served,
    due: (id) => passageOf(id).served ?? into(id, service),
  }
  return {
    sent: { name: sentBook, entries: sent, due: () => 1 },
    books: [...legBooks, ...logBooks, serviceBook],
  }
}

function wayOf({ from, handledBy, endsAt }: Passage & { from: string }, service: string): string[] {
  const way = [from, ...handledBy, service]
  if (endsAt === undefined) return way
  const end = way.indexOf(endsAt)
  if (end < 0) throw new RangeError(`${endsAt} is not on the way ${way.join(', ')}.`)
  return way.slice(0, end + 1)
}

function legsOf(way: readonly string[]): readonly string[] {
  return way.slice(1).map((to, at) => legName(way[at] ?? '', to))
}
