import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import type { StoreView } from '#core/store/store.ts'
import { type AdminContext, fieldsOf, read, write } from './admin-context.ts'
import { notFound } from './admin-fault.ts'
import { found, listPage } from './entity-endpoints.ts'

/** A foreign key: entities of `child` name one of `parent` in `field`. */
export interface Relation {
  readonly parent: EntityKind
  readonly child: EntityKind
  readonly field: string
}

/** Finds all foreign keys between these kinds. */
export function relationsAmong(kinds: readonly EntityKind[]): readonly Relation[] {
  return kinds.flatMap((child) =>
    Object.entries(child.schema.fields).flatMap(([field, description]): Relation[] => {
      if (description.type !== 'foreign') return []
      const parent = kinds.find(({ schema }) => schema.name === description.reference)
      return parent === undefined ? [] : [{ parent, child, field }]
    }),
  )
}

/**
 * The endpoints that a foreign key gives rise to: `/services/:parent/routes`, `/services/:parent/routes/:child` and
 * `/routes/:child/service`.
 */
export function nestedEndpoints(relation: Relation, context: AdminContext): readonly Endpoint[] {
  const { parent, child } = relation
  const nested = `/${parent.schema.name}/:parent/${child.schema.name}`
  return [
    { path: nested, handlers: childrenHandlers(relation, context) },
    { path: `${nested}/:child`, handlers: childHandlers(relation, context) },
    {
      path: `/${child.schema.name}/:child/${relation.field}`,
      handlers: parentHandlers(relation, context),
    },
  ]
}

function childrenHandlers(
  { parent, child, field }: Relation,
  context: AdminContext,
): Endpoint['handlers'] {
  const { operations } = context
  return {
    GET: async ({ parameters, query }) => {
      const owner = await read(context, (view) =>
        operations.select(view, parent, parameters['parent'] ?? ''),
      )
      const { id } = found(owner)
      return listPage(child, context, {
        query,
        path: `/${parent.schema.name}/${id}/${child.schema.name}`,
        where: [{ field, match: 'all', values: [id] }],
      })
    },
    POST: async ({ parameters, body }) => ({
      status: 201,
      body: await write(context, async (transaction) => {
        const owner = found(
          await operations.select(transaction, parent, parameters['parent'] ?? ''),
        )
        const fields = { ...fieldsOf(body, child), [field]: { id: owner.id } }
        return operations.insert(transaction, child, fields)
      }),
    }),
  }
}

function childHandlers(relation: Relation, context: AdminContext): Endpoint['handlers'] {
  const { parent, child, field } = relation
  const { operations } = context

  /** The parent, which must be there, and the child, which must be its own if it is there. */
  const select = async (
    view: StoreView,
    parameters: Readonly<Record<string, string>>,
  ): Promise<{ readonly owner: Entity; readonly entity: Entity | undefined }> => {
    const owner = found(await operations.select(view, parent, parameters['parent'] ?? ''))
    const entity = await operations.select(view, child, parameters['child'] ?? '')
    if (entity !== undefined && referencedId(entity, field) !== owner.id) throw notFound()
    return { owner, entity }
  }

  return {
    GET: async ({ parameters }) => {
      const { entity } = await read(context, (view) => select(view, parameters))
      return { status: 200, body: found(entity) }
    },
    PUT: async ({ parameters, body }) => ({
      status: 200,
      body: await write(context, async (transaction) => {
        const { owner } = await select(transaction, parameters)
        const fields = { ...fieldsOf(body, child), [field]: { id: owner.id } }
        return operations.upsert(transaction, child, parameters['child'] ?? '', fields)
      }),
    }),
    PATCH: async ({ parameters, body }) => ({
      status: 200,
      body: await write(context, async (transaction) => {
        const { entity } = await select(transaction, parameters)
        return operations.update(transaction, child, found(entity), fieldsOf(body, child))
      }),
    }),
    DELETE: async ({ parameters }) => {
      await write(context, async (transaction) => {
        const { entity } = await select(transaction, parameters)
        if (entity !== undefined) await transaction.remove(child.collection, entity.id)
      })
      return { status: 204 }
    },
  }
}

function parentHandlers(relation: Relation, context: AdminContext): Endpoint['handlers'] {
  const { parent, child, field } = relation
  const { operations } = context

  const select = async (
    view: StoreView,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Entity> => {
    const entity = found(await operations.select(view, child, parameters['child'] ?? ''))
    const id = referencedId(entity, field)
    return found(id === undefined ? undefined : await view.get(parent.collection, id))
  }

  return {
    GET: async ({ parameters }) => ({
      status: 200,
      body: await read(context, (view) => select(view, parameters)),
    }),
    PUT: async ({ parameters, body }) => ({
      status: 200,
      body: await write(context, async (transaction) => {
        const { id } = await select(transaction, parameters)
        return operations.upsert(transaction, parent, id, fieldsOf(body, parent))
      }),
    }),
    PATCH: async ({ parameters, body }) => ({
      status: 200,
      body: await write(context, async (transaction) => {
        const existing = await select(transaction, parameters)
        return operations.update(transaction, parent, existing, fieldsOf(body, parent))
      }),
    }),
  }
}

function referencedId(entity: Entity, field: string): string | undefined {
  const fields: Readonly<Record<string, unknown>> = { ...entity }
  const value = fields[field]
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined
  return typeof value.id === 'string' ? value.id : undefined
}
