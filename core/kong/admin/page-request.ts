import type { IndexFilter, PageOptions } from '#core/store/store.ts'
import { invalidOffset, invalidOption, invalidSize } from './admin-fault.ts'

const defaultSize = 100
const largestSize = 1000
const mostTags = 5

/**
 * Reads `size`, `offset` and `tags` of a list request. Kong 1.1, section "Pagination".
 *
 * @throws RestFault 400 for the first of them that is malformed.
 */
export function parsePageRequest(
  query: ReadonlyMap<string, string>,
  { tagged }: { readonly tagged: boolean },
): PageOptions {
  const size = query.get('size')
  const offset = query.get('offset')
  const tags = tagged ? query.get('tags') : undefined
  return {
    size: size === undefined ? defaultSize : parseSize(size),
    after: offset === undefined ? undefined : parseOffset(offset),
    where: tags === undefined ? [] : [parseTags(tags)],
  }
}

/** What `offset` is to be to continue after this id. */
export function renderOffset(id: string): string {
  return Buffer.from(JSON.stringify([id])).toString('base64')
}

function parseSize(text: string): number {
  const size = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : NaN
  if (Number.isNaN(size)) throw invalidSize('size must be a number')
  if (!Number.isInteger(size) || size < 1 || size > largestSize) {
    throw invalidSize(`size must be an integer between 1 and ${largestSize}`)
  }
  return size
}

function parseOffset(offset: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(offset)) {
    throw invalidOffset(offset, 'bad base64 encoding')
  }
  const decoded = parseJson(Buffer.from(offset, 'base64').toString('utf8'))
  const id: unknown = Array.isArray(decoded) ? decoded[0] : undefined
  if (typeof id !== 'string') throw invalidOffset(offset, 'bad json encoding')
  // Nothing that a page ends with is written with other characters, and not every store can compare them.
  if (!/^[ -~]+$/.test(id)) throw invalidOffset(offset, 'it is not the end of a page')
  return id
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `a,b` = both, `a/b` = at least one. */
function parseTags(text: string): IndexFilter {
  const match = text.includes('/') ? 'any' : 'all'
  const values = text.split(match === 'any' ? '/' : ',')
  if (values.at(-1) === '') values.pop()
  if (values.length === 0 || values.some((value) => !/^[A-Za-z0-9.\-_~]+$/.test(value))) {
    throw invalidOption('tags', 'invalid filter syntax')
  }
  if (values.length > mostTags) {
    throw invalidOption('tags', `cannot query with more than ${mostTags} tags`)
  }
  return { field: 'tags', match, values }
}
