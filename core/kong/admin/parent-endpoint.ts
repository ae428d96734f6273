import type { Entity } from '#core/kong/entities/entity.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import type { StoreView } from '#core/store/store.ts'
import { type AdminContext, inputOf } from './admin-context.ts'
import { type Relation, referencedId } from './relation.ts'
import { found, replyWithFound, replyWithWritten } from './reply-with.ts'

/** The endpoint of what an entity belongs to, such as `/routes/:child/service`; it cannot be removed there. */
export function parentEndpoint(
  { parent, child, field }: Relation,
  childPath: string,
  context: AdminContext,
): Endpoint {
  const parents = context.operationsOf(parent)
  const children = context.operationsOf(child)

  const select = async (view: StoreView, key: string): Promise<Entity> => {
    const id = referencedId(found(await children.select(view, key)), field)
    return found(id === undefined ? undefined : await view.get(parent.collection, id))
  }

  return {
    path: `${childPath}/:child/${field}`,
    handlers: {
      GET: ({ parameters }) =>
        replyWithFound(context, parents, (view) => select(view, parameters['child'] ?? '')),
      PUT: ({ parameters, body }) =>
        replyWithWritten(context, parents, 'create or update', async (transaction) => {
          const { id } = await select(transaction, parameters['child'] ?? '')
          return parents.upsert(transaction, id, inputOf(body))
        }),
      PATCH: ({ parameters, body }) =>
        replyWithWritten(context, parents, 'update', async (transaction) => {
          const existing = await select(transaction, parameters['child'] ?? '')
          return parents.update(transaction, existing, inputOf(body))
        }),
    },
  }
}
