import type { HttpRoute } from '#core/model/http-route.ts'
import {
  indexHttpRoutes,
  type Category,
  type HttpRouteIndex,
  type IndexedPath,
} from './http-route-index.ts'

/** What a request is routed by. */
export interface RequestFacts {
  readonly method: string
  /** As received but without port; empty when the client named none. */
  readonly host: string
  /** As received, neither decoded nor normalised, without query. */
  readonly path: string
}

export interface ChosenRoute {
  readonly route: HttpRoute
  /** The part of the path that the route's paths matched; undefined when the route has none. */
  readonly matchedPath: string | undefined
}

const indexes = new WeakMap<readonly HttpRoute[], HttpRouteIndex>()

/**
 * Chooses the route that takes a request (Kong 1.1, "Proxy reference": matching priorities): more attributes beat
 * fewer, then host beats path beats method; among routes with the same attributes a longer matching prefix, a regex
 * before any prefix, then the order of `routes`. An index is made once per array and kept as long as the array.
 */
export function chooseHttpRoute(
  routes: readonly HttpRoute[],
  request: RequestFacts,
): ChosenRoute | undefined {
  let index = indexes.get(routes)
  if (index === undefined) indexes.set(routes, (index = indexHttpRoutes(routes)))
  const hits: Hits = {
    method: request.method,
    path: request.path,
    host: index.hosts.find(request.host),
    pathHit: index.paths.find(request.path),
  }
  for (const category of index.categories) {
    const chosen = chooseIn(category, hits)
    if (chosen !== undefined) return chosen
  }
  return undefined
}

interface Hits {
  readonly method: string
  readonly path: string
  /** The one configured host that counts for this request. */
  readonly host: string | undefined
  /** The path whose routes are asked first. */
  readonly pathHit: IndexedPath | undefined
}

function chooseIn(category: Category, hits: Hits): ChosenRoute | undefined {
  const groupKey = category.byHost ? hits.host : ''
  const group = groupKey === undefined ? undefined : category.groups.get(groupKey)
  if (group === undefined) return undefined
  if (!category.byPath) {
    const route = group.routes.find((entry) => takesMethod(entry.methods, hits.method))?.route
    return route && { route, matchedPath: undefined }
  }
  if (hits.pathHit === undefined) return undefined
  for (const entry of group.byPath.get(hits.pathHit) ?? []) {
    if (!takesMethod(entry.methods, hits.method)) continue
    return { route: entry.route, matchedPath: hits.pathHit.match(hits.path) }
  }
  for (const entry of group.routes) {
    if (!takesMethod(entry.methods, hits.method)) continue
    for (const path of entry.paths) {
      const matchedPath = path.match(hits.path)
      if (matchedPath !== undefined) return { route: entry.route, matchedPath }
    }
  }
  return undefined
}

function takesMethod(methods: ReadonlySet<string> | undefined, method: string): boolean {
  return methods === undefined || methods.has(method)
}
