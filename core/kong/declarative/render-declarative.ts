import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { isRecord } from '#core/kong/schema/plain-record.ts'
import { stringify } from 'yaml'

/** Writes entities as a declarative configuration that `parseDeclarative` reads back to the same entities. */
export function renderDeclarative(
  kinds: readonly EntityKind[],
  entities: ReadonlyMap<string, readonly Entity[]>,
): string {
  const document: Record<string, unknown> = { _format_version: '1.1' }
  const held = kinds.filter(({ schema }) => (entities.get(schema.name) ?? []).length > 0)
  // What has been prepared (hashed) must not be prepared again.
  if (held.some((kind) => kind.prepare !== undefined)) document['_transform'] = false
  for (const kind of held) {
    const list = entities.get(kind.schema.name) ?? []
    document[kind.schema.name] = list.map((entity) => shown(kind, { ...entity }))
  }
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0, version: '1.1' })
}

/** Leaves out what `parseDeclarative` fills in the same way, and writes a reference as an id. */
function shown(
  { schema }: EntityKind,
  entity: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entity).flatMap(([name, value]): [string, unknown][] => {
      const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined
      const empty = value === null && !(field && 'default' in field && field.default !== undefined)
      if (empty) return []
      const id = field?.type === 'foreign' && isRecord(value) ? value['id'] : undefined
      return [[name, id ?? value]]
    }),
  )
}
