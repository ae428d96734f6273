import { openHashRing, type HashRing } from './hash-ring.ts'
import type { PoolMember } from './pool-member.ts'
import { compileCycle } from './round-robin.ts'

/** Chooses among the members of a pool, by turns or by position. */
export class Wheel {
  readonly #members: readonly PoolMember[]
  readonly #weights: readonly number[]
  readonly #slots: number
  #ring: HashRing | undefined
  /** Whose turn comes when, of the healthy ones; undefined = to be made. */
  #cycle: Uint32Array | undefined
  #turn: number

  constructor(
    members: readonly (readonly [member: PoolMember, weight: number])[],
    options: { readonly slots: number; readonly turn: number },
  ) {
    this.#members = members.map(([member]) => member)
    this.#weights = members.map(([, weight]) => weight)
    this.#slots = options.slots
    this.#turn = options.turn
  }

  /** Whose turn it is next, to go on with in another wheel. */
  get turn(): number {
    return this.#turn
  }

  /** The health of a member has changed. */
  renew(): void {
    this.#cycle = undefined
  }

  /** The next healthy member, if possible one that was not tried; undefined = all are unhealthy. */
  next(tried: readonly PoolMember[]): PoolMember | undefined {
    const cycle = (this.#cycle ??= this.#makeCycle())
    if (cycle.length === 0) return undefined
    if (tried.length === 0 || this.#allTried(tried)) return this.#take(cycle)
    for (;;) {
      const member = this.#take(cycle)
      if (!tried.includes(member)) return member
    }
  }

  /** The member that a value belongs to; the next best when it is unhealthy or was tried. */
  ownerOf(value: string, tried: readonly PoolMember[]): PoolMember | undefined {
    this.#ring ??= openHashRing(
      this.#members.map(({ key }, i) => ({ key, weight: this.#weights[i]! })),
      this.#slots,
    )
    const position = this.#ring.positionOf(value)
    const healthy = (member: number): boolean => this.#members[member]!.state.healthy
    const untried = (member: number): boolean =>
      healthy(member) && !tried.includes(this.#members[member]!)
    const owner = this.#ring.owner(position, untried) ?? this.#ring.owner(position, healthy)
    return owner === undefined ? undefined : this.#members[owner]
  }

  #take(cycle: Uint32Array): PoolMember {
    const turn = this.#turn < cycle.length ? this.#turn : 0
    this.#turn = turn + 1
    return this.#members[cycle[turn]!]!
  }

  #allTried(tried: readonly PoolMember[]): boolean {
    return this.#members.every(
      (member, i) => !member.state.healthy || this.#weights[i] === 0 || tried.includes(member),
    )
  }

  #makeCycle(): Uint32Array {
    const weights = this.#weights.map((weight, i) => (this.#members[i]!.state.healthy ? weight : 0))
    return compileCycle(weights, this.#slots)
  }
}
