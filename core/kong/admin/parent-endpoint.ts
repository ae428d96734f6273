import type { Entity } from '#core/kong/entities/entity.ts'
import { type Endpoint, RestFault } from '#core/rest/exchange.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import { type AdminContext, inputOf, read } from './admin-context.ts'
import type { EntityInput } from './kind-operations.ts'
import { type Relation, referencedId } from './relation.ts'
import { found, replyWithFound, replyWithWritten } from './reply-with.ts'

/**
 * The endpoint of what an entity belongs to, such as `/routes/:child/service`. PUT gives one to an entity that has none;
 * it cannot be removed there.
 */
export function parentEndpoint(
  { parent, child, field }: Relation,
  childPath: string,
  context: AdminContext,
): Endpoint {
  const parents = context.operationsOf(parent)
  const children = context.operationsOf(child)

  const selectChild = async (view: StoreView, key: string): Promise<Entity> =>
    found(await children.select(view, key))

  const select = async (view: StoreView, key: string): Promise<Entity> => {
    const id = referencedId(await selectChild(view, key), field)
    return found(id === undefined ? undefined : await view.get(parent.collection, id))
  }

  const put = async (
    transaction: StoreTransaction,
    key: string,
    input: EntityInput,
  ): Promise<Entity> => {
    const owned = await selectChild(transaction, key)
    const id = referencedId(owned, field)
    if (id !== undefined) return parents.upsert(transaction, id, input)
    const owner = await parents.insert(transaction, input)
    const fields = { [field]: { id: owner.id } }
    await children.update(transaction, owned, { fields, isForm: false })
    return owner
  }

  return {
    path: `${childPath}/:child/${field}`,
    handlers: {
      GET: ({ parameters }) =>
        replyWithFound(context, parents, (view) => select(view, parameters['child'] ?? '')),
      PUT: ({ parameters, body }) =>
        replyWithWritten(context, parents, 'create or update', (transaction) =>
          put(transaction, parameters['child'] ?? '', inputOf(body)),
        ),
      PATCH: ({ parameters, body }) =>
        replyWithWritten(context, parents, 'update', async (transaction) => {
          const existing = await select(transaction, parameters['child'] ?? '')
          return parents.update(transaction, existing, inputOf(body))
        }),
      DELETE: async ({ parameters }) => {
        await read(context, (view) => select(view, parameters['child'] ?? ''))
        throw new RestFault(405, { message: 'Method not allowed' })
      },
    },
  }
}
