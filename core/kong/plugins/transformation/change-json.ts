import { isRecord } from '#core/kong/schema/plain-record.ts'
import type { Changes } from './change.ts'

/**
 * Changes the members of a JSON object; values are texts. Returns undefined when the text is no object: it is better
 * passed on as it is. `empty` counts as an object without members.
 */
export function changeJson(text: string, changes: Changes): string | undefined {
  const object = parseObject(text)
  if (object === undefined) return undefined
  // A Map takes `__proto__` for a name like any other.
  const members = new Map(Object.entries(object))
  for (const { name } of changes.remove) members.delete(name)
  for (const { name, value: newName } of changes.rename) {
    if (newName === undefined || !members.has(name)) continue
    const value = members.get(name)
    members.delete(name)
    members.set(newName, value)
  }
  for (const { name, value } of changes.replace) {
    if (!members.has(name)) continue
    if (value === undefined) members.delete(name)
    else members.set(name, value)
  }
  for (const { name, value } of changes.add) {
    if (value !== undefined && !members.has(name)) members.set(name, value)
  }
  for (const { name, value } of changes.append) {
    if (value !== undefined) members.set(name, appended(members.get(name), value))
  }
  return JSON.stringify(Object.fromEntries(members))
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function appended(known: unknown, value: string): unknown {
  if (typeof known === 'string') return [known, value]
  if (Array.isArray(known)) return [...known, value]
  return isRecord(known) ? known : [value]
}
