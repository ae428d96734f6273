import { expect, it } from 'vitest'
import { type JoinedPath, joinedPaths } from './joined-paths.ts'
import { rewritePath } from './rewrite-path.ts'

it.each<JoinedPath>([
  ...joinedPaths,
  ['/', '/endel%C3%B8st', '/endel%C3%B8st/x%2Fy', '/x%2Fy', '/endel%C3%B8st/x%2Fy'],
  [
    '/path',
    '/users/12/profile',
    '/users/12/profile/hello/world',
    '/path/hello/world',
    '/pathusers/12/profile/hello/world',
  ],
])(
  'joins the base %s, the route’s %s and the path %s to %s when stripping, else to %s',
  (basePath, matched, path, stripped, kept) => {
    const forward = { basePath, preserveHost: false }
    expect(rewritePath({ ...forward, stripPath: true }, path, matched)).toBe(stripped)
    expect(rewritePath({ ...forward, stripPath: false }, path, matched)).toBe(kept)
  },
)
