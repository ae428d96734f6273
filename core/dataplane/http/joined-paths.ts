/** Base, path of the route, path asked for, path upstream when it is stripped, and when it is not. */
export type JoinedPath = readonly [string, string | undefined, string, string, string]

/** How Kong 1.1 joins paths, for tests. */
export const joinedPaths: readonly JoinedPath[] = [
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
]
