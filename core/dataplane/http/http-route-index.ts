import type { HttpRoute, PathMatch } from '#core/model/http-route.ts'
import { indexHosts, type HostIndex } from './host-index.ts'
import { indexPaths, type IndexedPath, type PathIndex } from './path-index.ts'

export type { IndexedPath } from './path-index.ts'

export interface HttpRouteIndex {
  readonly hosts: HostIndex
  readonly paths: PathIndex
  /** Most preferred first. */
  readonly categories: readonly Category[]
}

/** The routes that have the same attributes. */
export interface Category {
  readonly byHost: boolean
  readonly byPath: boolean
  /** By configured host; under the empty string when the category has none. */
  readonly groups: ReadonlyMap<string, Group>
}

interface Group {
  readonly routes: readonly IndexedRoute[]
  readonly byPath: ReadonlyMap<IndexedPath, readonly IndexedRoute[]>
}

interface IndexedRoute {
  readonly route: HttpRoute
  readonly methods: ReadonlySet<string> | undefined
  readonly paths: readonly IndexedPath[]
}

/** Kong 1.1's bits: they rank categories of the same number of attributes. */
const HOST = 4
const PATH = 2
const METHOD = 1

export function indexHttpRoutes(routes: readonly HttpRoute[]): HttpRouteIndex {
  const paths = indexPaths(routes.flatMap((route) => route.match.paths ?? []))
  const byBits = new Map<number, HttpRoute[]>()
  for (const route of routes) {
    const bits = attributesOf(route)
    const sameAttributes = byBits.get(bits)
    if (sameAttributes === undefined) byBits.set(bits, [route])
    else sameAttributes.push(route)
  }
  const ranked = [...byBits].toSorted(([a], [b]) => countOf(b) - countOf(a) || b - a)
  return {
    hosts: indexHosts(routes.flatMap((route) => route.match.hosts ?? [])),
    paths,
    categories: ranked.map(([bits, members]) => indexCategory(bits, members, paths)),
  }
}

function indexCategory(bits: number, routes: readonly HttpRoute[], paths: PathIndex): Category {
  const byHost = (bits & HOST) !== 0
  const groups = new Map<
    string,
    { routes: IndexedRoute[]; byPath: Map<IndexedPath, IndexedRoute[]> }
  >()
  for (const route of routes) {
    const { hosts, methods } = route.match
    const entry: IndexedRoute = {
      route,
      methods: bits & METHOD ? new Set(methods) : undefined,
      paths: (route.match.paths ?? []).map((path: PathMatch) => paths.get(path)),
    }
    for (const host of new Set(byHost ? hosts : [''])) {
      let group = groups.get(host)
      if (group === undefined) groups.set(host, (group = { routes: [], byPath: new Map() }))
      group.routes.push(entry)
      for (const path of new Set(entry.paths)) {
        const samePath = group.byPath.get(path)
        if (samePath === undefined) group.byPath.set(path, [entry])
        else samePath.push(entry)
      }
    }
  }
  return { byHost, byPath: (bits & PATH) !== 0, groups }
}

function attributesOf({ match }: HttpRoute): number {
  return (
    (isSet(match.hosts) ? HOST : 0) |
    (isSet(match.paths) ? PATH : 0) |
    (isSet(match.methods) ? METHOD : 0)
  )
}

function isSet(values: readonly unknown[] | undefined): boolean {
  return values !== undefined && values.length > 0
}

function countOf(bits: number): number {
  return (bits >> 2) + ((bits >> 1) & 1) + (bits & 1)
}
