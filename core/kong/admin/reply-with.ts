import type { Entity } from '#core/kong/entities/entity.ts'
import type { RestReply } from '#core/rest/exchange.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import { type AdminContext, read, write, type WriteVerb } from './admin-context.ts'
import { notFound } from './admin-fault.ts'
import type { KindOperations } from './kind-operations.ts'

/** Shows what was found, or says that nothing was. */
export async function replyWithFound(
  context: AdminContext,
  operations: KindOperations,
  find: (view: StoreView) => Promise<Entity | undefined>,
): Promise<RestReply> {
  const body = await read(context, async (view) =>
    showOne(view, operations, found(await find(view))),
  )
  return { status: 200, body }
}

/** Shows what was written. */
export async function replyWithWritten(
  context: AdminContext,
  operations: KindOperations,
  verb: Exclude<WriteVerb, 'remove'>,
  change: (transaction: StoreTransaction) => Promise<Entity>,
): Promise<RestReply> {
  const body = await write(context, verb, async (transaction) =>
    showOne(transaction, operations, await change(transaction)),
  )
  return { status: verb === 'create' ? 201 : 200, body }
}

/** Removes what there is to remove. */
export async function replyWithRemoved(
  context: AdminContext,
  operations: KindOperations,
  find: (transaction: StoreTransaction) => Promise<Entity | undefined>,
): Promise<RestReply> {
  await write(context, 'remove', async (transaction) => {
    const existing = await find(transaction)
    if (existing !== undefined) await operations.remove(transaction, existing)
  })
  return { status: 204 }
}

export function found<entity>(entity: entity | undefined): entity {
  if (entity === undefined) throw notFound()
  return entity
}

async function showOne(
  view: StoreView,
  operations: KindOperations,
  entity: Entity,
): Promise<unknown> {
  const [shown] = await operations.show(view, [entity])
  return shown
}
