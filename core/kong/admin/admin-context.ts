import type { RestBody } from '#core/rest/exchange.ts'
import type { Store, StoreTransaction, StoreView } from '#core/store/store.ts'
import { asAdminFault, operationUnsupported } from './admin-fault.ts'
import type { EntityInput } from './kind-operations.ts'
import type { Operations } from './operations.ts'

/** What the endpoints of entities work with. */
export interface AdminContext extends Operations {
  readonly store: Store
  /** Entities come from a file: nothing can be written, only tried. */
  readonly readOnly: boolean
}

export function read<result>(
  { store }: AdminContext,
  work: (view: StoreView) => Promise<result>,
): Promise<result> {
  return store.read(work)
}

/** How Kong 1.1 speaks of the verbs. */
export type WriteVerb = 'create' | 'create or update' | 'update' | 'remove'

/** Changes the store; what it refuses becomes an answer to the client. */
export async function write<result>(
  { store, readOnly }: AdminContext,
  verb: WriteVerb,
  work: (transaction: StoreTransaction) => Promise<result>,
): Promise<result> {
  try {
    if (readOnly) return await store.read((view) => work(refusing(view, verb)))
    return await store.write(work)
  } catch (error) {
    throw asAdminFault(error)
  }
}

/** A transaction in which everything can be tried and nothing done. */
function refusing(view: StoreView, verb: WriteVerb): StoreTransaction {
  const refuse = (collection: { readonly name: string }): never => {
    throw operationUnsupported(verb, collection.name)
  }
  return {
    version: view.version,
    get: (collection, id) => view.get(collection, id),
    find: (collection, key) => view.find(collection, key),
    list: (collection) => view.list(collection),
    page: (collection, options) => view.page(collection, options),
    insert: async (collection) => refuse(collection),
    put: async (collection) => refuse(collection),
    remove: async (collection) => refuse(collection),
    clear: async () => refuse({ name: 'all' }),
  }
}

/** The fields that a body gives. */
export function inputOf(body: RestBody): EntityInput {
  return body.kind === 'none'
    ? { fields: {}, isForm: false }
    : { fields: body.value, isForm: body.kind === 'form' }
}
