import { createHash } from 'node:crypto'
import { valueAt } from '#core/kong/schema/plain-record.ts'
import type { DeclaredItem } from './flatten.ts'

/**
 * Gives each entity of a document its id: the one that was written, or one that follows from what the entity is called
 * or, when it has no name, from what it says. The same document always has the same ids, on every node.
 */
export function declaredIds(items: readonly DeclaredItem[]): ReadonlyMap<DeclaredItem, unknown> {
  const ids = new Map<DeclaredItem, unknown>()
  const seen = new Map<string, number>()
  for (const item of items) {
    const written = item.given['id'] ?? undefined
    if (written !== undefined) {
      ids.set(item, typeof written === 'string' ? written.toLowerCase() : written)
      continue
    }
    const key = JSON.stringify(naturalKey(item, ids))
    const before = seen.get(key) ?? 0
    seen.set(key, before + 1)
    ids.set(item, uuidOf(`${key}${before === 0 ? '' : `#${before}`}`))
  }
  return ids
}

function naturalKey(
  { kind, given, parent }: DeclaredItem,
  ids: ReadonlyMap<DeclaredItem, unknown>,
): readonly unknown[] {
  const { name, endpointKey, fields } = kind.schema
  const unique = [
    ...(endpointKey === undefined ? [] : [endpointKey]),
    ...Object.keys(fields).filter((field) => 'unique' in (fields[field] ?? {})),
  ].find((field) => typeof given[field] === 'string')
  if (unique !== undefined) return [name, unique, valueAt(given, unique)]
  return [name, parent && ids.get(parent.item), sorted(given)]
}

/** A value with the fields of its records in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, sorted(inner)])
}

/** A UUID of version 5, as RFC 4122 makes it from a name. */
function uuidOf(name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Of entities in declarative files. */
const namespace = Buffer.from('5d2f7e0c9a414c1b8f3a6b1f0c7d4e92', 'hex')
