import type { HttpForward } from '#core/model/http-route.ts'

/**
 * The path for the upstream (Kong 1.1, "Proxy reference": strip_path). Base and rest are joined as they stand, which
 * makes `/fee/borfoo` of `/fee/bor` and `/foo`: only a doubled slash is avoided.
 * @param matchedPath what the route's path matched; undefined when the route was not chosen by path.
 */
export function rewritePath(
  forward: HttpForward,
  path: string,
  matchedPath: string | undefined,
): string {
  const { basePath, stripPath } = forward
  if (!stripPath || matchedPath === undefined) return basePath + withoutSlash(path)
  const rest = path.slice(matchedPath.length)
  return basePath.endsWith('/') ? basePath + withoutSlash(rest) : basePath + rest
}

function withoutSlash(path: string): string {
  return path.startsWith('/') ? path.slice(1) : path
}
