import { parsePairs } from './urlencoded.ts'

export interface RequestTarget {
  /** Decoded segments of the path; empty ones and `.` left out, `..` resolved. */
  readonly segments: readonly string[]
  readonly query: ReadonlyMap<string, string>
}

/** Reads a request target in origin form or absolute form; undefined when its path is malformed. */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  const [, path = '', query = ''] =
    /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i.exec(target) ?? []
  const segments: string[] = []
  for (const raw of path.split('/')) {
    const segment = decode(raw)
    if (segment === undefined) return undefined
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) return undefined
  }
  const first = new Map<string, string>()
  for (const { name, value } of parsePairs(query)) {
    if (!first.has(name)) first.set(name, value === true ? '' : value)
  }
  return { segments, query: first }
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
