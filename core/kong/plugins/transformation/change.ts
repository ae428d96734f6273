import type { ListField } from '#core/kong/schema/field.ts'

/** `name:value` of the settings, cut at the first colon; undefined = there is no value. */
export interface Change {
  readonly name: string
  readonly value: string | undefined
}

/** What is done to names and values of one kind (headers, arguments …), in this order. */
export interface Changes {
  readonly remove: readonly Change[]
  /** The value is the new name. */
  readonly rename: readonly Change[]
  /** Only where the name is there. */
  readonly replace: readonly Change[]
  /** Only where the name is not there. */
  readonly add: readonly Change[]
  /** Whatever is there. */
  readonly append: readonly Change[]
}

export interface ChangeLists {
  readonly remove: readonly string[]
  readonly rename?: readonly string[]
  readonly replace: readonly string[]
  readonly add: readonly string[]
  readonly append: readonly string[]
}

/** Returns undefined when nothing is to be done. */
export function parseChanges(lists: ChangeLists): Changes | undefined {
  const changes = {
    remove: lists.remove.map(parseChange),
    rename: (lists.rename ?? []).map(parseChange),
    replace: lists.replace.map(parseChange),
    add: lists.add.map(parseChange),
    append: lists.append.map(parseChange),
  }
  return Object.values(changes).some((list) => list.length > 0) ? changes : undefined
}

function parseChange(text: string): Change {
  const [, name = text, value] = /^([^:]+):*(.*)$/s.exec(text) ?? []
  return { name, value: value === '' ? undefined : value }
}

export const nameList: ListField = { type: 'array', default: [], elements: { type: 'string' } }

/** Line breaks would end a header. */
export const changeList: ListField = {
  type: 'array',
  default: [],
  elements: { type: 'string', match: /^[^:\r\n]+:.*$/ },
}
