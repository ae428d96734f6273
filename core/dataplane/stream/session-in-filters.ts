import { messageOf } from '#core/base/errors.ts'
import type { ExchangeTarget } from '#core/model/http-filter.ts'
import type { Arrival } from '#core/model/mesh.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import type { StreamFilter, StreamSessionView } from '#core/model/stream-filter.ts'
import type { StreamRoute } from '#core/model/stream-route.ts'

/** How a session ended. */
export interface StreamOutcome {
  readonly status: number
  readonly bytesToClient: number
  readonly bytesFromClient: number
  readonly durationMs: number
}

/** What is known of a session when its filters are chosen. */
export type SessionParties = Pick<
  StreamSessionView,
  'connection' | 'route' | 'encrypted' | 'arrival' | 'serverName' | 'startedAt'
>

/** A stream session as the filters of its route see it. */
export class SessionInFilters implements StreamSessionView {
  readonly connection: ConnectionInfo
  readonly route: StreamRoute
  readonly encrypted: boolean
  readonly arrival: Arrival
  readonly serverName: string | undefined
  readonly startedAt: number
  readonly notes = new Map<unknown, unknown>()
  target: ExchangeTarget | undefined
  readonly #filters: readonly StreamFilter[]
  #answer: Uint8Array | undefined
  #outcome: StreamOutcome = { status: 0, bytesToClient: 0, bytesFromClient: 0, durationMs: 0 }
  #dialled = false

  constructor(parties: SessionParties) {
    this.connection = parties.connection
    this.route = parties.route
    this.encrypted = parties.encrypted
    this.arrival = parties.arrival
    this.serverName = parties.serverName
    this.startedAt = parties.startedAt
    this.#filters = filtersFor(parties.route, parties.arrival)
  }

  get answered(): boolean {
    return this.#answer !== undefined
  }

  get status(): number {
    return this.#outcome.status
  }

  get bytesToClient(): number {
    return this.#outcome.bytesToClient
  }

  get bytesFromClient(): number {
    return this.#outcome.bytesFromClient
  }

  get durationMs(): number {
    return this.#outcome.durationMs
  }

  /** @throws Error once the upstream is dialled. */
  answer(bytes: Uint8Array | string): void {
    if (this.#dialled) throw new Error('A filter answered after the preread phase')
    this.#answer ??= Buffer.from(bytes)
  }

  /**
   * Asks one filter after the other until one answers, and returns the answer.
   * @throws Error when one fails.
   */
  async preread(): Promise<Uint8Array | undefined> {
    for (const filter of this.#filters) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- filters are asked one after the other
        await filter.preread?.(this)
      } catch (error) {
        throw new Error(`A filter failed: ${messageOf(error)}`, { cause: error })
      }
      if (this.answered) break
    }
    this.#dialled = true
    return this.#answer
  }

  /** Tells all filters that the session is over. Never throws. */
  finished(outcome: StreamOutcome, onFault: (message: string) => void): void {
    this.#outcome = outcome
    this.#dialled = true
    const report = (error: unknown): void => onFault(`A filter failed: ${messageOf(error)}`)
    for (const filter of this.#filters) {
      try {
        const returned: unknown = filter.finished?.(this)
        // An asynchronous function fits, too; its failure must not end the process.
        if (returned instanceof Promise) returned.catch(report)
      } catch (error) {
        report(error)
      }
    }
  }
}

/** Whether filters want to be asked before the upstream is dialled, whoever the client turns out to be. */
export function wantsPreread(route: StreamRoute): boolean {
  const asked = [...filtersFor(route, 'client'), ...filtersFor(route, 'mesh-peer')]
  return asked.some((filter) => filter.preread !== undefined)
}

function filtersFor({ filters = [] }: StreamRoute, arrival: Arrival): readonly StreamFilter[] {
  return filters.map((slot) => slot.choose(arrival)).filter((filter) => filter !== undefined)
}
