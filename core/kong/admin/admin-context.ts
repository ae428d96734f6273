import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { inferForm } from '#core/kong/schema/infer-form.ts'
import type { RestBody } from '#core/rest/exchange.ts'
import type { Store, StoreTransaction, StoreView } from '#core/store/store.ts'
import { asAdminFault } from './admin-fault.ts'
import type { EntityOperations } from './entity-operations.ts'

/** What the endpoints of entities work with. */
export interface AdminContext {
  readonly store: Store
  readonly operations: EntityOperations
}

export function read<result>(
  { store }: AdminContext,
  work: (view: StoreView) => Promise<result>,
): Promise<result> {
  return store.read(work)
}

/** Changes the store; what it refuses becomes an answer to the client. */
export async function write<result>(
  { store }: AdminContext,
  work: (transaction: StoreTransaction) => Promise<result>,
): Promise<result> {
  try {
    return await store.write(work)
  } catch (error) {
    throw asAdminFault(error)
  }
}

/** The fields that a body gives for an entity of this kind. */
export function fieldsOf(
  body: RestBody,
  { schema }: EntityKind,
): Readonly<Record<string, unknown>> {
  switch (body.kind) {
    case 'none':
      return {}
    case 'json':
      return body.value
    case 'form':
    default:
      return inferForm(schema, body.value)
  }
}
