import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openMemoryStore } from '#core/store/memory-store.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import { performWrites } from './perform-writes.ts'
import { randomWrites } from './random-writes.ts'
import { describeSameEntities } from './same-entities-suite.ts'

describe('SQLite', () => {
  let count = 0
  describeSameEntities(async () => {
    const folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-same-'))
    onTestFinished(() => folder.remove())
    return openSqliteStore(join(folder.path, `${(count += 1)}.sqlite`))
  })
})

it('random writes reach every kind of entity', async () => {
  const kept = new Set<string>()
  for (const writes of fc.sample(await randomWrites(), { numRuns: 100, seed: 1 })) {
    await using memory = openMemoryStore()
    const { content } = await performWrites(memory, writes)
    for (const [name, list] of Object.entries(content.lists)) if (list.length > 0) kept.add(name)
  }
  expect([...kept].toSorted()).toEqual([
    'acls',
    'certificates',
    'consumers',
    'consumers with both tags',
    'keyauth_credentials',
    'plugins',
    'posted_healths',
    'routes',
    'services',
    'services with both tags',
    'snis',
    'targets',
    'upstreams',
    'upstreams with both tags',
  ])
})
