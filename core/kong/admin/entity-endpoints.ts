import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import { type AdminContext, inputOf } from './admin-context.ts'
import { listPage } from './list-page.ts'
import { found, replyWithFound, replyWithRemoved, replyWithWritten } from './reply-with.ts'

/** The endpoints every kind of entity has: `/services` and `/services/:key`. */
export function entityEndpoints(kind: EntityKind, context: AdminContext): readonly Endpoint[] {
  return pathsOf(kind).flatMap((path) => [
    { path, handlers: collectionHandlers(kind, path, context) },
    { path: `${path}/:key`, handlers: entityHandlers(kind, context) },
  ])
}

/** Paths of a kind's collection. */
export function pathsOf({ schema, endpoints }: EntityKind): readonly string[] {
  const further = endpoints?.path === undefined ? [] : [`/${endpoints.path}`]
  return [...new Set([`/${schema.name}`, ...further])]
}

function collectionHandlers(
  kind: EntityKind,
  path: string,
  context: AdminContext,
): Endpoint['handlers'] {
  const operations = context.operationsOf(kind)
  return {
    GET: ({ query }) => listPage(context, operations, { query, path }),
    POST: ({ body }) =>
      replyWithWritten(context, operations, 'create', (transaction) =>
        operations.insert(transaction, inputOf(body)),
      ),
  }
}

function entityHandlers(kind: EntityKind, context: AdminContext): Endpoint['handlers'] {
  const operations = context.operationsOf(kind)
  return {
    GET: ({ parameters: { key = '' } }) =>
      replyWithFound(context, operations, (view) => operations.select(view, key)),
    PUT: ({ parameters: { key = '' }, body }) =>
      replyWithWritten(context, operations, 'create or update', (transaction) =>
        operations.upsert(transaction, key, inputOf(body)),
      ),
    PATCH: ({ parameters: { key = '' }, body }) =>
      replyWithWritten(context, operations, 'update', async (transaction) => {
        const existing = found(await operations.select(transaction, key))
        return operations.update(transaction, existing, inputOf(body))
      }),
    DELETE: ({ parameters: { key = '' } }) =>
      replyWithRemoved(context, operations, (transaction) => operations.select(transaction, key)),
  }
}
