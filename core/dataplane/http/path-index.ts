import type { PathMatch } from '#core/model/http-route.ts'

/** One configured path; equal paths of several routes are one object. */
export interface IndexedPath {
  /** The part of a request's path that this path matches. */
  match(path: string): string | undefined
}

export interface PathIndex {
  /**
   * The configured path whose routes are asked first: one that equals the request's, else the first regex that
   * matches, else the longest prefix.
   */
  find(path: string): IndexedPath | undefined
  /** The object of a path that the index was made of. */
  get(path: PathMatch): IndexedPath
}

/** @param paths in the routes' order, which is the order regexes are tried in. */
export function indexPaths(paths: readonly PathMatch[]): PathIndex {
  const prefixes = new Map<string, Prefix>()
  const regexes = new Map<string, Regex>()
  for (const path of paths) {
    if (path.kind === 'regex') {
      if (!regexes.has(path.source)) regexes.set(path.source, new Regex(path.source))
    } else if (!prefixes.has(path.prefix)) prefixes.set(path.prefix, new Prefix(path.prefix))
  }
  const sorted = [...prefixes.values()].toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1))
  linkParents(sorted)
  const regexList = [...regexes.values()]
  return {
    find: (path) =>
      paths.length === 0
        ? undefined
        : (prefixes.get(path) ??
          regexList.find((regex) => regex.match(path) !== undefined) ??
          longestPrefix(sorted, path)),
    get: (path) => (path.kind === 'regex' ? regexes.get(path.source)! : prefixes.get(path.prefix)!),
  }
}

class Prefix implements IndexedPath {
  readonly prefix: string
  /** The longest other prefix that this one begins with. */
  parent: Prefix | undefined

  constructor(prefix: string) {
    this.prefix = prefix
  }

  match(path: string): string | undefined {
    return path.startsWith(this.prefix) ? this.prefix : undefined
  }
}

class Regex implements IndexedPath {
  readonly #anchored: RegExp

  constructor(source: string) {
    this.#anchored = new RegExp(`^(?:${source})`)
  }

  match(path: string): string | undefined {
    return this.#anchored.exec(path)?.[0]
  }
}

function linkParents(sorted: readonly Prefix[]): void {
  let open: Prefix | undefined
  for (const prefix of sorted) {
    while (open !== undefined && !prefix.prefix.startsWith(open.prefix)) open = open.parent
    prefix.parent = open
    open = prefix
  }
}

/**
 * In sorted order every prefix of `path` that is longer than the answer would stand between the answer and `path`. So
 * the greatest prefix that is not greater than `path` either is the answer or begins with it.
 */
function longestPrefix(sorted: readonly Prefix[], path: string): Prefix | undefined {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]!.prefix <= path) low = middle + 1
    else high = middle
  }
  let candidate = sorted[low - 1]
  while (candidate !== undefined && !path.startsWith(candidate.prefix)) candidate = candidate.parent
  return candidate
}
