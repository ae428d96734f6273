import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { tagsField } from '#core/kong/entities/field-types.ts'
import { validateField } from '#core/kong/schema/validate.ts'
import { valueAt } from '#core/kong/schema/plain-record.ts'
import { isUuid } from '#core/kong/schema/rules.ts'
import type { Endpoint, RestReply } from '#core/rest/exchange.ts'
import type { StoreView } from '#core/store/store.ts'
import { type AdminContext, read } from './admin-context.ts'
import { invalidOffset, invalidUnique } from './admin-fault.ts'
import { pageReply, type PageSubject } from './list-page.ts'
import { parsePageRequest } from './page-request.ts'

/** One tag of one entity. */
interface TagUse {
  readonly entity_name: string
  readonly entity_id: string
  readonly tag: string
}

/** `/tags` and `/tags/:tag`: who has which tags. */
export function tagEndpoints(
  kinds: readonly EntityKind[],
  context: AdminContext,
): readonly Endpoint[] {
  const tagged = kinds.filter(({ collection }) => collection.indexed.includes('tags'))
  return [
    {
      path: '/tags',
      handlers: { GET: ({ query }) => pageOfTags(tagged, context, { query, path: '/tags' }) },
    },
    {
      path: '/tags/:tag',
      handlers: {
        GET: ({ query, parameters: { tag = '' } }) => {
          if (validateField(tagsField.elements, tag) !== undefined) {
            throw invalidUnique('tag', `invalid value: ${tag}`)
          }
          return pageOfTags(tagged, context, { query, path: `/tags/${tag}`, tag })
        },
      },
    },
  ]
}

async function pageOfTags(
  kinds: readonly EntityKind[],
  context: AdminContext,
  { tag, ...subject }: PageSubject & { readonly tag?: string },
): Promise<RestReply> {
  const { size, after } = parsePageRequest(subject.query, { tagged: false })
  const from = after === undefined ? undefined : parsePlace(after)
  if (after !== undefined && from === undefined) {
    throw invalidOffset(subject.query.get('offset') ?? '', 'it is not the end of a page of tags')
  }
  const uses = await read(context, async (view) => {
    const found: TagUse[] = []
    // One more than asked for tells whether there is a next page.
    for await (const use of walk(view, kinds, { from, tag })) {
      if (found.push(use) > size) break
    }
    return found
  })
  const shown = uses.slice(0, size)
  const last = uses.length > size ? shown.at(-1) : undefined
  return pageReply(shown, last && renderPlace(last), subject)
}

/** All uses of tags, kind by kind, by ascending id, from the one after a place. */
async function* walk(
  view: StoreView,
  kinds: readonly EntityKind[],
  { from, tag }: { readonly from: TagUse | undefined; readonly tag: string | undefined },
): AsyncGenerator<TagUse> {
  const start = kinds.findIndex(({ schema }) => schema.name === from?.entity_name)
  const where = tag === undefined ? [] : [{ field: 'tags', match: 'all', values: [tag] } as const]
  for (const { schema, collection } of kinds.slice(Math.max(start, 0))) {
    const last = schema.name === from?.entity_name ? from : undefined
    let after: string | undefined = last && beforeId(last.entity_id)
    do {
      const page = await view.page(collection, { size: 1000, after, where })
      for (const entity of page.documents) {
        const tags = tag === undefined ? tagsOf(entity) : [tag]
        const seen = entity.id === last?.entity_id ? tags.indexOf(last.tag) + 1 : 0
        for (const each of tags.slice(seen)) {
          yield { entity_name: schema.name, entity_id: entity.id, tag: each }
        }
      }
      after = page.next
    } while (after !== undefined)
  }
}

function renderPlace({ entity_name: name, entity_id: id, tag }: TagUse): string {
  return `${name} ${id} ${tag}`
}

function parsePlace(text: string): TagUse | undefined {
  const [name = '', id = '', tag = '', ...rest] = text.split(' ')
  return isUuid(id) && rest.length === 0 ? { entity_name: name, entity_id: id, tag } : undefined
}

/** A text that comes before this UUID and after every lesser one. */
function beforeId(id: string): string {
  const last = id.charCodeAt(id.length - 1)
  return `${id.slice(0, -1)}${String.fromCharCode(last - 1)}~`
}

function tagsOf(entity: unknown): readonly string[] {
  const tags = valueAt(entity, 'tags')
  return Array.isArray(tags) ? tags.map(String) : []
}
