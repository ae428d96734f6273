import type { FilterChain, HttpExchange, HttpFilter } from '#core/model/http-filter.ts'

/** Leads one exchange through a chain of filters. */
export class FilterPass {
  readonly #chain: FilterChain
  readonly #exchange: HttpExchange
  readonly #onFault: (error: unknown) => void
  readonly #chosen: (HttpFilter | undefined)[] = []

  /** @param onFault is told of filters that fail where nothing can be answered any more. */
  constructor(chain: FilterChain, exchange: HttpExchange, onFault: (error: unknown) => void) {
    this.#chain = chain
    this.#exchange = exchange
    this.#onFault = onFault
  }

  /**
   * Chooses and asks one filter after the other until one answers, then chooses the rest. Returns a promise only if a
   * filter does; throws or rejects as a filter does.
   */
  ask(phase: 'rewrite' | 'access'): Promise<void> | undefined {
    while (this.#chosen.length < this.#chain.length && !this.#exchange.answered) {
      const pending = this.#choose()?.[phase]?.(this.#exchange)
      if (pending instanceof Promise) return pending.then(() => this.ask(phase))
    }
    this.chooseRest()
    return undefined
  }

  /** Chooses the filters that were not reached, without asking them. */
  chooseRest(): void {
    while (this.#chosen.length < this.#chain.length) {
      try {
        this.#choose()
      } catch (error) {
        this.#onFault(error)
      }
    }
  }

  /** Shows them the head of the response; throws as a filter does. */
  responseHead(): void {
    for (const filter of this.#chosen) this.#watch(filter?.responseHead?.(this.#exchange))
  }

  /** Tells them that the exchange is over. Never throws. */
  finished(): void {
    for (const filter of this.#chosen) {
      try {
        this.#watch(filter?.finished?.(this.#exchange))
      } catch (error) {
        this.#onFault(error)
      }
    }
  }

  #choose(): HttpFilter | undefined {
    const slot = this.#chain[this.#chosen.length]!
    // Its place is taken even if choosing fails.
    const place = this.#chosen.push(undefined) - 1
    const filter = slot.choose(this.#exchange.principal, this.#exchange.arrival)
    this.#chosen[place] = filter
    return filter
  }

  /** An asynchronous function fits where nothing is awaited; its failure must not end the process. */
  #watch(returned: unknown): void {
    if (returned instanceof Promise) returned.catch(this.#onFault)
  }
}
