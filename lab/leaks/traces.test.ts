import { expect, it } from 'vitest'
import { compareTraces } from './traces.ts'

it('tells what is left over and what is gone, by kind, and nothing else', () => {
  const before = { files: ['/a', '/b'], links: ['lo'], cgroups: ['/g'] }
  expect(compareTraces(before, { files: ['/b', '/a'], links: ['lo'], cgroups: [] })).toStrictEqual(
    [],
  )
  expect(
    compareTraces(before, { files: ['/a', '/c'], links: ['lo'], mounts: ['/m'], cgroups: ['/h'] }),
  ).toStrictEqual([
    'files: left over: /c',
    'files: gone: /b',
    'cgroups: left over: /h',
    'mounts: left over: /m',
  ])
})
