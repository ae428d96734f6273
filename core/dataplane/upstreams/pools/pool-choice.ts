import type {
  AddressChoice,
  AttemptResult,
  ChosenAddress,
  HashFacts,
} from '#core/dataplane/upstreams/address-chooser.ts'
import type { HashKey } from './choose-hash-key.ts'
import type { PoolMember } from './pool-member.ts'
import type { RunningPool } from './running-pool.ts'

/** The members of a pool that one request goes to, one after the other. */
export class PoolChoice implements AddressChoice {
  readonly #pool: RunningPool
  readonly #facts: HashFacts
  readonly #tried: PoolMember[] = []
  #key: HashKey | undefined

  constructor(pool: RunningPool, facts: HashFacts) {
    this.#pool = pool
    this.#facts = facts
  }

  get setCookie(): string | undefined {
    return this.#key?.setCookie
  }

  next(): ChosenAddress | Promise<ChosenAddress> {
    this.#key ??= this.#pool.hashKey(this.#facts)
    const member = this.#pool.choose(this.#key.value, this.#tried)
    return member instanceof Promise
      ? member.then((found) => this.#chosen(found))
      : this.#chosen(member)
  }

  #chosen(member: PoolMember): ChosenAddress {
    this.#tried.push(member)
    return {
      address: member.address,
      port: member.port,
      targetHost: member.host,
      report: (result: AttemptResult) => this.#pool.attempted(member, result),
    }
  }
}
