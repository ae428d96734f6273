import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import type { AdminContext } from './admin-context.ts'
import { inputOf, read } from './admin-context.ts'
import { ChildOperations } from './child-operations.ts'
import { pathsOf } from './entity-endpoints.ts'
import { withFields } from './kind-operations.ts'
import { listPage } from './list-page.ts'
import { referringTo } from './list-where.ts'
import { parentEndpoint } from './parent-endpoint.ts'
import type { Relation } from './relation.ts'
import { replyWithFound, replyWithRemoved, replyWithWritten, found } from './reply-with.ts'

/**
 * The endpoints that a foreign key gives rise to: `/services/:parent/routes`, `/services/:parent/routes/:child` and
 * `/routes/:child/service`.
 */
export function nestedEndpoints(relation: Relation, context: AdminContext): readonly Endpoint[] {
  const { parent, child } = relation
  const nested = namesBelowParent(child).flatMap((name) => {
    const path = `/${parent.schema.name}/:parent/${name}`
    return [
      { path, handlers: childrenHandlers(relation, name, context) },
      { path: `${path}/:child`, handlers: childHandlers(relation, context) },
    ]
  })
  return [...nested, ...pathsOf(child).map((path) => parentEndpoint(relation, path, context))]
}

function namesBelowParent({ schema, endpoints }: EntityKind): readonly string[] {
  const further = endpoints?.nestedPath === undefined ? [] : [endpoints.nestedPath]
  return [...new Set([schema.name, ...further])]
}

function childrenHandlers(
  { parent, child, field }: Relation,
  name: string,
  context: AdminContext,
): Endpoint['handlers'] {
  const parents = context.operationsOf(parent)
  const children = context.operationsOf(child)
  return {
    GET: async ({ parameters, query }) => {
      const { parent: key = '' } = parameters
      const { id } = await read(context, async (view) => found(await parents.select(view, key)))
      return listPage(context, children, {
        query,
        path: `/${parent.schema.name}/${encodeURIComponent(key)}/${name}`,
        where: referringTo(field, id),
      })
    },
    POST: ({ parameters, body }) =>
      replyWithWritten(context, children, 'create', async (transaction) => {
        const { id } = found(await parents.select(transaction, parameters['parent'] ?? ''))
        return children.insert(transaction, withFields(inputOf(body), { [field]: { id } }))
      }),
  }
}

function childHandlers(relation: Relation, context: AdminContext): Endpoint['handlers'] {
  const operations = new ChildOperations(relation, context)
  const { children } = operations
  return {
    GET: ({ parameters }) =>
      replyWithFound(
        context,
        children,
        async (view) => (await operations.select(view, parameters)).entity,
      ),
    PUT: ({ parameters, body }) =>
      replyWithWritten(context, children, 'create or update', (transaction) =>
        operations.upsert(transaction, parameters, inputOf(body)),
      ),
    PATCH: ({ parameters, body }) =>
      replyWithWritten(context, children, 'update', async (transaction) => {
        const { entity } = await operations.select(transaction, parameters)
        return children.update(transaction, found(entity), inputOf(body))
      }),
    // Unlike below the collection of all, where it does not matter what there was to remove.
    DELETE: ({ parameters }) =>
      replyWithRemoved(context, children, async (transaction) =>
        found((await operations.select(transaction, parameters)).entity),
      ),
  }
}
