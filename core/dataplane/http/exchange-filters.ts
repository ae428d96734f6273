import type { HeaderField } from '#core/codec/http1-header-field.ts'
import type { FilterChain, FilteredResponse, FilterReply } from '#core/model/http-filter.ts'
import type { HttpRoute } from '#core/model/http-route.ts'
import { FilterPass } from './filter-pass.ts'
import type { ExchangeInFilters } from './filtered-exchange.ts'
import { ResponseInFilters } from './filtered-response.ts'

/** What becomes of an exchange whose filters were asked. */
export interface AfterAsking {
  /** Whether nobody waits any more. */
  readonly over: () => boolean
  readonly next: () => void
  readonly answered: (reply: FilterReply) => void
  readonly failed: (error: unknown) => void
}

export interface FiltersOptions {
  /** Told of filters that fail where nothing can be answered any more. */
  readonly onFault: (error: unknown) => void
  /** Bytes sent to the client so far. */
  readonly bytesSent: () => number
}

/** The part that filters have in one exchange. */
export class ExchangeFilters {
  readonly view: ExchangeInFilters
  readonly #options: FiltersOptions
  #pass: FilterPass | undefined

  constructor(view: ExchangeInFilters, options: FiltersOptions) {
    this.view = view
    this.#options = options
  }

  /** From now on these filters take part, and only they. */
  join(chain: FilterChain | undefined, route?: HttpRoute): void {
    this.view.route = route
    this.#pass =
      chain === undefined ? undefined : new FilterPass(chain, this.view, this.#options.onFault)
  }

  /** Asks them and goes on in one of the ways given: at once, unless a filter takes its time. */
  ask(phase: 'rewrite' | 'access', { over, next, answered, failed }: AfterAsking): void {
    const goOn = (): void => {
      if (over()) return
      const { reply } = this.view
      if (reply === undefined) next()
      else answered(reply)
    }
    const fail = (error: unknown): void => {
      // Who left, or sent a body that cannot be used, makes a filter's waiting fail.
      if (!over()) failed(error)
    }
    try {
      const pending = this.#pass?.ask(phase)
      if (pending === undefined) goOn()
      else pending.then(goOn).catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  /** Makes a response known, without asking about it. */
  show(
    source: FilteredResponse['source'],
    status: number,
    fields: readonly HeaderField[],
  ): ResponseInFilters {
    const bytes = this.#options.bytesSent
    this.view.close()
    this.view.response = new ResponseInFilters(source, status, { fields, bytes })
    this.#pass?.chooseRest()
    return this.view.response
  }

  /** Asks about the response that was shown; throws as a filter does. */
  responseHead(): void {
    this.#pass?.responseHead()
  }

  /** Tells that the exchange is over. Never throws. */
  finished(status: number): void {
    if (this.view.response === undefined) this.show('proxy', status, [])
    this.#pass?.finished()
  }
}
