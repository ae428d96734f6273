import type { Entity, Protocol } from '#core/kong/entities/entity.ts'
import { plugins } from '#core/kong/entities/plugin.ts'
import { routes } from '#core/kong/entities/route.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import { schemaViolation } from './admin-fault.ts'
import { EntityOperations } from './entity-operations.ts'
import type { EntityInput } from './kind-operations.ts'
import { listWhere, referringTo } from './list-where.ts'

/** The operations of plugins: a plugin must have a protocol in common with what it is bound to. */
export class PluginOperations extends EntityOperations {
  override async insert(transaction: StoreTransaction, input: EntityInput): Promise<Entity> {
    const entity = await super.insert(transaction, input)
    // Kong 1.1 judges what was sent, not what it was completed to.
    if (givesProtocols(input)) await checkProtocols(transaction, entity)
    return entity
  }

  override async upsert(
    transaction: StoreTransaction,
    key: string,
    input: EntityInput,
  ): Promise<Entity> {
    const existing = await this.select(transaction, key)
    const entity = await super.upsert(transaction, key, input)
    if (existing !== undefined || givesProtocols(input)) await checkProtocols(transaction, entity)
    return entity
  }

  override async update(
    transaction: StoreTransaction,
    existing: Entity,
    input: EntityInput,
  ): Promise<Entity> {
    const entity = await super.update(transaction, existing, input)
    await checkProtocols(transaction, entity)
    return entity
  }
}

function givesProtocols({ fields }: EntityInput): boolean {
  const { protocols } = fields
  return protocols !== undefined && protocols !== null && protocols !== ''
}

async function checkProtocols(view: StoreView, entity: Entity): Promise<void> {
  const { protocols, route, service } = plugins.collection.revive({ ...entity })
  const served = new Set(protocols)
  const meets = (others: readonly Protocol[]): boolean => others.some((each) => served.has(each))
  if (route !== null) {
    const bound = await view.get(routes.collection, route.id)
    if (bound !== undefined && !meets(bound.protocols)) {
      throw schemaViolation({ protocols: "must match the associated route's protocols" })
    }
  } else if (service !== null) {
    const leading = await listWhere(view, routes.collection, referringTo('service', service.id))
    if (leading.length > 0 && !leading.some((each) => meets(each.protocols))) {
      throw schemaViolation({
        protocols:
          "must match the protocols of at least one route pointing to this Plugin's service",
      })
    }
  }
}
