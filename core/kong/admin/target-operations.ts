import { activeTargets, targetHistory } from '#core/kong/entities/active-targets.ts'
import type { Entity } from '#core/kong/entities/entity.ts'
import { postedHealths } from '#core/kong/entities/posted-health.ts'
import { type Target, targets } from '#core/kong/entities/target.ts'
import { normalTarget } from '#core/kong/entities/target-address.ts'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'
import { isUuid } from '#core/kong/schema/rules.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import { EntityOperations, type EntityOperationsOptions } from './entity-operations.ts'
import { type EntityInput, withFields } from './kind-operations.ts'
import { listWhere, referringTo } from './list-where.ts'

/** How many overruled Targets are kept for each one that holds. */
const mostOverruled = 10

/** The operations of Targets, which are only ever added: the newest one about an address holds. */
export class TargetOperations {
  readonly #entities: EntityOperations
  readonly #generate: Generate

  constructor(options: EntityOperationsOptions) {
    this.#entities = new EntityOperations(targets, options)
    this.#generate = options.generate
  }

  /** All of an Upstream, newest first. */
  async history(view: StoreView, upstreamId: string): Promise<readonly Target[]> {
    return targetHistory(
      await listWhere(view, targets.collection, referringTo('upstream', upstreamId)),
    )
  }

  /** The one in use that has this id, or says something about this address. */
  async selectActive(
    view: StoreView,
    upstreamId: string,
    key: string,
  ): Promise<Target | undefined> {
    const active = activeTargets(await this.history(view, upstreamId))
    if (!isUuid(key)) {
      const address = normalTarget(key)
      return active.find(({ target }) => target === address)
    }
    const named = await view.get(targets.collection, key.toLowerCase())
    return named?.upstream.id === upstreamId
      ? active.find(({ target }) => target === named.target)
      : undefined
  }

  async insert(
    transaction: StoreTransaction,
    upstreamId: string,
    input: EntityInput,
  ): Promise<Entity> {
    const before = await this.history(transaction, upstreamId)
    const newest = before[0]?.created_at ?? 0
    // Two in the same millisecond would not tell which one holds.
    const now = Math.max(this.#generate.now() / 1000, Math.round(newest * 1000 + 1) / 1000)
    const { created_at: given } = input.fields
    const isGiven = given !== undefined && given !== null && given !== ''
    const fields = { upstream: { id: upstreamId }, created_at: isGiven ? given : now }
    const entity = await this.#entities.insert(transaction, withFields(input, fields))
    const target = targets.collection.revive({ ...entity })
    if (target.weight === 0) await this.#forgetHealth(transaction, target)
    await this.#forgetOverruled(transaction, [target, ...before])
    return entity
  }

  /** Adds a Target that ends the use of this one's address. */
  async end(transaction: StoreTransaction, { upstream, target }: Target): Promise<void> {
    const fields = { target, weight: 0 }
    await this.insert(transaction, upstream.id, { fields, isForm: false })
  }

  /** Records what somebody says about the Target, for all nodes. */
  async postHealth(transaction: StoreTransaction, target: Target, healthy: boolean): Promise<void> {
    await this.#forgetHealth(transaction, target)
    await transaction.insert(postedHealths.collection, {
      id: this.#generate.uuid(),
      created_at: this.#generate.now() / 1000,
      upstream: target.upstream,
      target: target.target,
      healthy,
    })
  }

  async #forgetHealth(transaction: StoreTransaction, { upstream, target }: Target): Promise<void> {
    const posted = await transaction.find(postedHealths.collection, { upstream, target })
    if (posted !== undefined) await transaction.remove(postedHealths.collection, posted.id)
  }

  async #forgetOverruled(transaction: StoreTransaction, history: readonly Target[]): Promise<void> {
    const active = new Set(activeTargets(history))
    const overruled = history.filter((target) => !active.has(target))
    if (overruled.length < mostOverruled * Math.max(active.size, 1)) return
    for (const { id } of overruled) await transaction.remove(targets.collection, id)
  }
}
