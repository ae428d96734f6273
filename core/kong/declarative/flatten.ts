import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { expandShorthands } from '#core/kong/schema/expand-shorthands.ts'
import type { Fault } from '#core/kong/schema/faults.ts'
import { isRecord, plainRecord, type PlainRecord } from '#core/kong/schema/plain-record.ts'
import type { Place } from './fault-tree.ts'

/** One entity of a document, taken out of the entity that it was written in. */
export interface DeclaredItem {
  readonly kind: EntityKind
  readonly place: Place
  /** The fields as they were written, without those that hold other entities. */
  readonly given: PlainRecord
  /** The entity it was written in, and the field that refers to it. */
  readonly parent: { readonly item: DeclaredItem; readonly field: string } | undefined
}

export interface Flattened {
  readonly items: readonly DeclaredItem[]
  readonly faults: readonly { readonly place: Place; readonly fault: Fault }[]
}

/** Fields that any table may have and that say nothing: notes of the author. */
const notes: ReadonlySet<string> = new Set(['_comment', '_ignore'])
const version = '1.1'

/** Takes a document (Kong 1.1, "Declarative configuration") apart into its entities, parents before children. */
export function flatten(
  document: Readonly<Record<string, unknown>>,
  kinds: readonly EntityKind[],
): Flattened {
  const items: DeclaredItem[] = []
  const faults: { place: Place; fault: Fault }[] = []
  const byName = new Map(kinds.map((kind) => [kind.schema.name, kind]))
  const fail = (place: Place, fault: Fault): void => void faults.push({ place, fault })

  const takeList = (
    kind: EntityKind,
    list: unknown,
    { place, parent }: Pick<DeclaredItem, 'place' | 'parent'>,
  ): void => {
    if (list === null) return
    if (!Array.isArray(list)) return fail(place, 'expected an array')
    for (const [index, value] of list.entries()) {
      takeEntity(kind, value, { place: [...place, index], parent })
    }
  }
  const takeEntity = (
    kind: EntityKind,
    value: unknown,
    { place, parent }: Pick<DeclaredItem, 'place' | 'parent'>,
  ): void => {
    const named = parent === undefined ? undefined : namedByText(kind, value)
    const record = isRecord(value) ? value : named
    if (record === undefined) return fail(place, 'expected a record')
    const given = plainRecord()
    const nested: (readonly [EntityKind, unknown])[] = []
    for (const [name, field] of Object.entries(record)) {
      const child = childKind(kind, name, byName)
      if (child !== undefined) nested.push([child, field])
      else if (notes.has(name)) noteFault(name, field, (fault) => fail([...place, name], fault))
      else given[name] = field
    }
    if (parent !== undefined && (given[parent.field] ?? null) !== null) {
      fail([...place, parent.field], 'value must be null')
    }
    const item: DeclaredItem = { kind, place, given: expandShorthands(kind.schema, given), parent }
    items.push(item)
    for (const [child, list] of nested) {
      const field = referenceTo(child, kind) ?? ''
      takeList(child, list, { place: [...place, child.schema.name], parent: { item, field } })
    }
  }

  const format = document['_format_version']
  if (format === undefined || format === null) fail(['_format_version'], 'required field missing')
  else if (typeof format !== 'string') fail(['_format_version'], 'expected a string')
  else if (format !== version) fail(['_format_version'], `value must be ${version}`)
  for (const [name, value] of Object.entries(document)) {
    if (name === '_format_version') continue
    const kind = byName.get(name)
    if (kind !== undefined) takeList(kind, value, { place: [name], parent: undefined })
    else if (notes.has(name)) noteFault(name, value, (fault) => fail([name], fault))
    else if (name !== '_transform') fail([name], 'unknown field')
    else if (typeof value !== 'boolean') fail([name], 'expected a boolean')
  }
  return { items, faults }
}

/** The kind whose entities a field holds: one that refers to the kind it is written in. */
function childKind(
  kind: EntityKind,
  name: string,
  byName: ReadonlyMap<string, EntityKind>,
): EntityKind | undefined {
  if (Object.hasOwn(kind.schema.fields, name)) return undefined
  const child = byName.get(name)
  return child !== undefined && referenceTo(child, kind) !== undefined ? child : undefined
}

/** The field by which one kind refers to another. */
function referenceTo(child: EntityKind, parent: EntityKind): string | undefined {
  return Object.entries(child.schema.fields).find(
    ([, field]) => field.type === 'foreign' && field.reference === parent.schema.name,
  )?.[0]
}

/** A nested list of names is a list of entities that have nothing but a name: `snis: [a.example]`. */
function namedByText(
  { schema }: EntityKind,
  value: unknown,
): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'string' && schema.endpointKey !== undefined
    ? { [schema.endpointKey]: value }
    : undefined
}

function noteFault(name: string, value: unknown, fail: (fault: string) => void): void {
  if (name === '_comment' && typeof value !== 'string') fail('expected a string')
  if (name === '_ignore' && !Array.isArray(value)) fail('expected an array')
}
