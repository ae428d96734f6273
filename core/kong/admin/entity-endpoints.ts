import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { Endpoint, RestReply } from '#core/rest/exchange.ts'
import type { IndexFilter } from '#core/store/store.ts'
import { type AdminContext, fieldsOf, read, write } from './admin-context.ts'
import { notFound } from './admin-fault.ts'
import { parsePageRequest, renderOffset } from './page-request.ts'

/** The endpoints every kind of entity has: `/services` and `/services/:key`. */
export function entityEndpoints(kind: EntityKind, context: AdminContext): readonly Endpoint[] {
  const { operations } = context
  const { name } = kind.schema
  return [
    {
      path: `/${name}`,
      handlers: {
        GET: ({ query }) => listPage(kind, context, { query, path: `/${name}` }),
        POST: async ({ body }) => ({
          status: 201,
          body: await write(context, (transaction) =>
            operations.insert(transaction, kind, fieldsOf(body, kind)),
          ),
        }),
      },
    },
    {
      path: `/${name}/:key`,
      handlers: {
        GET: async ({ parameters: { key = '' } }) => ({
          status: 200,
          body: found(await read(context, (view) => operations.select(view, kind, key))),
        }),
        PUT: async ({ parameters: { key = '' }, body }) => ({
          status: 200,
          body: await write(context, (transaction) =>
            operations.upsert(transaction, kind, key, fieldsOf(body, kind)),
          ),
        }),
        PATCH: async ({ parameters: { key = '' }, body }) => ({
          status: 200,
          body: await write(context, async (transaction) => {
            const existing = found(await operations.select(transaction, kind, key))
            return operations.update(transaction, kind, existing, fieldsOf(body, kind))
          }),
        }),
        DELETE: async ({ parameters: { key = '' } }) => {
          await write(context, async (transaction) => {
            const existing = await operations.select(transaction, kind, key)
            if (existing !== undefined) await transaction.remove(kind.collection, existing.id)
          })
          return { status: 204 }
        },
      },
    },
  ]
}

/** One page of a list, with the way to the next one. */
export async function listPage(
  kind: EntityKind,
  context: AdminContext,
  {
    query,
    path,
    where = [],
  }: {
    readonly query: ReadonlyMap<string, string>
    readonly path: string
    readonly where?: readonly IndexFilter[]
  },
): Promise<RestReply> {
  const request = parsePageRequest(query, { tagged: kind.collection.indexed.includes('tags') })
  const page = await read(context, (view) =>
    view.page(kind.collection, { ...request, where: [...where, ...(request.where ?? [])] }),
  )
  if (page.next === undefined) {
    return { status: 200, body: { data: page.documents, next: null } }
  }
  const offset = renderOffset(page.next)
  const tags = query.get('tags')
  const next =
    `${path}?offset=${encodeURIComponent(offset)}` +
    (tags === undefined ? '' : `&tags=${encodeURIComponent(tags)}`)
  return { status: 200, body: { data: page.documents, next, offset } }
}

export function found<entity>(entity: entity | undefined): entity {
  if (entity === undefined) throw notFound()
  return entity
}
