import type { Collection, IndexFilter, StoredDocument, StoreView } from '#core/store/store.ts'

/** All documents that satisfy the filters, by ascending id. */
export async function listWhere<document extends StoredDocument>(
  view: StoreView,
  collection: Collection<document>,
  where: readonly IndexFilter[],
): Promise<readonly document[]> {
  const documents: document[] = []
  let after: string | undefined
  do {
    const page = await view.page(collection, { size: 1000, after, where })
    documents.push(...page.documents)
    after = page.next
  } while (after !== undefined)
  return documents
}

/** Those that refer to this document. */
export function referringTo(field: string, id: string): readonly IndexFilter[] {
  return [{ field, match: 'all', values: [id] }]
}
