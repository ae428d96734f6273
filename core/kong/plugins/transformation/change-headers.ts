import { wireBytes } from '#core/kong/plugins/wire-bytes.ts'
import type { HeaderList } from '#core/model/header-list.ts'
import type { Change, Changes } from './change.ts'

/** Changes headers in place. One that would get an empty value stays as it is. */
export function changeHeaders(headers: HeaderList, changes: Changes): void {
  for (const { name } of changes.remove) headers.remove(name)
  for (const { name, value: newName } of changes.rename) {
    const values = headers.getAll(name)
    if (newName === undefined || values.length === 0) continue
    headers.remove(name)
    headers.remove(newName)
    for (const value of values) headers.add(newName, value)
  }
  for (const { name, value } of valued(changes.replace)) {
    if (headers.has(name)) headers.set(name, value)
  }
  for (const { name, value } of valued(changes.add)) {
    if (!headers.has(name)) headers.set(name, value)
  }
  for (const { name, value } of valued(changes.append)) headers.add(name, value)
}

function valued(list: readonly Change[]): { readonly name: string; readonly value: string }[] {
  return list.flatMap(({ name, value }) =>
    value === undefined ? [] : [{ name, value: wireBytes(value) }],
  )
}
