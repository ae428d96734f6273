import { wireText } from '#core/kong/plugins/wire-text.ts'
import { parsePairs } from '#core/rest/urlencoded.ts'
import type { Changes } from './change.ts'

interface Argument {
  readonly name: string
  /** As written. */
  readonly text: string
}

/** Changes the arguments of a query string (without `?`) or form; what is not changed stays as it is written. */
export function changeArguments(text: string, changes: Changes): string {
  let list = parse(text)
  const has = (name: string): boolean => list.some((argument) => argument.name === name)
  const removed = (name: string): Argument[] => list.filter((argument) => argument.name !== name)
  for (const { name } of changes.remove) list = removed(name)
  for (const { name, value: newName } of changes.rename) {
    if (newName === undefined || newName === name || !has(name)) continue
    list = removed(newName).map((argument) =>
      argument.name === name
        ? { name: newName, text: encodeURIComponent(newName) + valueText(argument) }
        : argument,
    )
  }
  for (const { name, value } of changes.replace) {
    if (!has(name)) continue
    const at = list.findIndex((argument) => argument.name === name)
    list = removed(name)
    if (value !== undefined) list.splice(at, 0, written(name, value))
  }
  for (const { name, value } of changes.add) {
    if (value !== undefined && !has(name)) list.push(written(name, value))
  }
  for (const { name, value } of changes.append) {
    if (value !== undefined) list.push(written(name, value))
  }
  return list.map((argument) => argument.text).join('&')
}

function parse(text: string): Argument[] {
  if (text === '') return []
  return text
    .split('&')
    .map((part) => ({ name: parsePairs(wireText(part))[0]?.name ?? '', text: part }))
}

function written(name: string, value: string): Argument {
  return { name, text: `${encodeURIComponent(name)}=${encodeURIComponent(value)}` }
}

/** From the `=` on. */
function valueText({ text }: Argument): string {
  const equals = text.indexOf('=')
  return equals === -1 ? '' : text.slice(equals)
}
