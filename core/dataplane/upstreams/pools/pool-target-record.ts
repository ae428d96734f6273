import { isIP } from 'node:net'
import { startHealth } from '#core/dataplane/upstreams/health/judge-health.ts'
import type { Endpoint } from '#core/dataplane/upstreams/dns/resolution.ts'
import { formatAddress } from '#core/model/address.ts'
import type { PoolTarget } from '#core/model/target-pool.ts'
import type { PoolMember } from './pool-member.ts'

/** What is known about one target of a pool: where it leads and how its addresses are. */
export class PoolTargetRecord {
  readonly host: string
  readonly port: number
  /** Empty while the name leads nowhere. */
  members: readonly PoolMember[] = []
  /** Shares of the target's weight, in the order of `members`. */
  parts: readonly number[] = []
  /** Settles when the name was asked for; only while nothing is known about it. */
  pending: Promise<void> | undefined
  /** Why the last question led nowhere. */
  fault: string | undefined
  #said: PoolTarget['said']
  /** The operator's word, until something newer is known. */
  #word: boolean | undefined

  constructor({ host, port }: PoolTarget) {
    this.host = host
    this.port = port
  }

  /** Whether all of it has failed to lead anywhere. */
  get unresolved(): boolean {
    return this.pending === undefined && this.members.length === 0
  }

  /** Takes what an operator said, if it is news, or that it no longer holds; true = something is to be told. */
  hear(said: PoolTarget['said']): boolean {
    const before = this.#said
    if (said === undefined) {
      const held = this.#word === false
      if (held) this.#startAll(true)
      this.#said = this.#word = undefined
      return held
    }
    const isOld = before !== undefined && said.at < before.at
    if (isOld || (said.at === before?.at && said.healthy === before.healthy)) return false
    this.#said = said
    this.#word = said.healthy
    this.#startAll(said.healthy)
    return true
  }

  #startAll(healthy: boolean): void {
    for (const member of this.members) member.state = startHealth(healthy)
  }

  /** Something newer than the operator's word is known. */
  forgetWord(): void {
    this.#word = undefined
  }

  /** A literal address leads to itself. */
  resolveLiteral(): boolean {
    if (isIP(this.host) === 0) return false
    if (this.members.length === 0) {
      this.lead([{ address: this.host, port: undefined, weight: 1 }])
    }
    return true
  }

  /** Takes the addresses that the target leads to now; those that it led to before stay what they were. */
  lead(endpoints: readonly Endpoint[]): void {
    const known = new Map(this.members.map((member) => [member.key, member]))
    const members = new Map<string, PoolMember>()
    const parts = new Map<string, number>()
    for (const { address, port = this.port, weight } of endpoints) {
      const key = `${this.host}:${this.port} ${formatAddress({ address, port })}`
      parts.set(key, (parts.get(key) ?? 0) + weight)
      members.set(
        key,
        known.get(key) ?? {
          key,
          target: this,
          host: this.host,
          address,
          port,
          state: startHealth(this.#word ?? true),
        },
      )
    }
    this.members = [...members.values()]
    this.parts = [...parts.values()]
  }
}
