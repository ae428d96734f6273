import { messageOf } from '#core/base/errors.ts'
import { ChooseError, type AddressChoice, type ChosenAddress } from './address-chooser.ts'
import type { Resolver } from './dns/open-resolver.ts'
import type { Endpoint, Resolution } from './dns/resolution.ts'
import { compileCycle } from './pools/round-robin.ts'

/** Lets the addresses of host names take turns. */
export class HostTurns {
  readonly #resolver: Resolver
  readonly #cycles = new Map<string, Cycle>()

  constructor(resolver: Resolver) {
    this.#resolver = resolver
  }

  begin(host: string, port: number): AddressChoice {
    return { setCookie: undefined, next: () => this.#next(host, port) }
  }

  #next(host: string, port: number): ChosenAddress | Promise<ChosenAddress> {
    const refuse = (error: unknown): never => {
      const reason = `${host} could not be resolved (${messageOf(error)})`
      throw new ChooseError('name-resolution', reason, { cause: error })
    }
    try {
      const found = this.#resolver.resolve(host)
      return found instanceof Promise
        ? found.then((resolution) => this.#take(host, resolution, port), refuse)
        : this.#take(host, found, port)
    } catch (error) {
      return refuse(error)
    }
  }

  #take(host: string, resolution: Resolution, port: number): ChosenAddress {
    const { endpoints } = resolution
    const endpoint = endpoints.length === 1 ? endpoints[0]! : this.#turnOf(host, resolution)
    const { address } = endpoint
    return { address, port: endpoint.port ?? port, targetHost: undefined, report: noReport }
  }

  #turnOf(host: string, { endpoints }: Resolution): Endpoint {
    let cycle = this.#cycles.get(host)
    if (cycle?.endpoints !== endpoints) {
      const weights = endpoints.map(({ weight }) => weight)
      cycle = { endpoints, order: compileCycle(weights, mostTurns), turn: cycle?.turn ?? 0 }
      if (this.#cycles.size >= mostHosts) this.#cycles.clear()
      this.#cycles.set(host, cycle)
    }
    const turn = cycle.turn % cycle.order.length
    cycle.turn = turn + 1
    return cycle.endpoints[cycle.order[turn]!]!
  }
}

interface Cycle {
  readonly endpoints: readonly Endpoint[]
  readonly order: Uint32Array
  turn: number
}

/** The weights of SRV records are shared out among so many turns when they do not come out even. */
const mostTurns = 1000

/** Names that clients can make up must not fill the memory. */
const mostHosts = 10_000

function noReport(): void {}
