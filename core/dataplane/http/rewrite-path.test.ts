import { expect, it } from 'vitest'
import { rewritePath } from './rewrite-path.ts'

it.each([
  ['/', '/', '/foo/bar', '/foo/bar', '/foo/bar'],
  ['/', '/foo/bar', '/foo/bar/', '/', '/foo/bar/'],
  ['/', '/foo/bar', '/foo/bars', '/s', '/foo/bars'],
  ['/fee/bor', '/', '/', '/fee/bor', '/fee/bor'],
  ['/fee/bor', '/', '/foo/bar', '/fee/borfoo/bar', '/fee/borfoo/bar'],
  ['/fee/bor', '/foo/bar', '/foo/bar', '/fee/bor', '/fee/borfoo/bar'],
  ['/fee/bor', '/foo/bar', '/foo/bar/', '/fee/bor/', '/fee/borfoo/bar/'],
  ['/fee/bor', '/foo/bar/', '/foo/bar/s', '/fee/bors', '/fee/borfoo/bar/s'],
  ['/fee/bor/', '/', '/foo/bar', '/fee/bor/foo/bar', '/fee/bor/foo/bar'],
  ['/fee/bor/', '/foo/bar', '/foo/bar/', '/fee/bor/', '/fee/bor/foo/bar/'],
  ['/fee/bor/', '/foo/bar/', '/foo/bar/s', '/fee/bor/s', '/fee/bor/foo/bar/s'],
  ['/fee/bor', undefined, '/foo/bar', '/fee/borfoo/bar', '/fee/borfoo/bar'],
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
