import type { RestReply } from '#core/rest/exchange.ts'
import type { IndexFilter } from '#core/store/store.ts'
import { type AdminContext, read } from './admin-context.ts'
import type { KindOperations } from './kind-operations.ts'
import { parsePageRequest, renderOffset } from './page-request.ts'

export interface PageSubject {
  readonly query: ReadonlyMap<string, string>
  /** Where the next page is to be asked for. */
  readonly path: string
}

/** One page of a list, with the way to the next one. */
export async function listPage(
  context: AdminContext,
  operations: KindOperations,
  { query, path, where = [] }: PageSubject & { readonly where?: readonly IndexFilter[] },
): Promise<RestReply> {
  const { collection } = operations.kind
  const request = parsePageRequest(query, { tagged: collection.indexed.includes('tags') })
  const { data, next } = await read(context, async (view) => {
    const filters = [...where, ...(request.where ?? [])]
    const page = await view.page(collection, { ...request, where: filters })
    return { data: await operations.show(view, page.documents), next: page.next }
  })
  return pageReply(data, next, { query, path })
}

/** `next` is what `after` has to be for the next page; undefined on the last one. */
export function pageReply(
  data: readonly unknown[],
  next: string | undefined,
  { query, path }: PageSubject,
): RestReply {
  if (next === undefined) return { status: 200, body: { data, next: null } }
  const offset = renderOffset(next)
  const tags = query.get('tags')
  const address =
    `${path}?offset=${encodeURIComponent(offset)}` +
    (tags === undefined ? '' : `&tags=${encodeURIComponent(tags)}`)
  return { status: 200, body: { data, next: address, offset } }
}
