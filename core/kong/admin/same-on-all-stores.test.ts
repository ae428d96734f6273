import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { routes } from '#core/kong/entities/route.ts'
import { services } from '#core/kong/entities/service.ts'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'
import { RestFault } from '#core/rest/exchange.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import type { Store, StoreTransaction } from '#core/store/store.ts'
import { asAdminFault } from './admin-fault.ts'
import { EntityOperations } from './entity-operations.ts'

const names = ['a', 'b', 'c'] as const
const serviceFields = fc.record(
  {
    name: fc.constantFrom(...names),
    host: fc.constantFrom('h', 'i', ''),
    tags: fc.subarray(['x', 'y']),
  },
  { requiredKeys: [] },
)
const routeFields = fc.record(
  {
    name: fc.constantFrom(...names),
    hosts: fc.subarray(['h', '*.i']),
    protocols: fc.subarray(['http', 'tcp']),
    service: fc.oneof(fc.constant(null), fc.record({ name: fc.constantFrom(...names) })),
  },
  { requiredKeys: [] },
)
const write = fc.oneof(
  ...(
    [
      ['services', serviceFields],
      ['routes', routeFields],
    ] as const
  ).map(([kind, input]) =>
    fc.record({
      kind: fc.constant(kind),
      verb: fc.constantFrom('insert', 'upsert', 'update', 'remove'),
      key: fc.constantFrom(...names),
      input,
    }),
  ),
)

interface Write {
  readonly kind: 'services' | 'routes'
  readonly verb: 'insert' | 'upsert' | 'update' | 'remove'
  readonly key: string
  readonly input: Readonly<Record<string, unknown>>
}

it('any writes give the same answers and the same entities on every kind of store', async () => {
  const outcomes = { kept: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array<Write>(write, { minLength: 5, maxLength: 25 }), async (writes) => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-same-'))
      await using memory = openMemoryStore()
      await using sqlite = await openSqliteStore(join(folder.path, 'kong.sqlite'))
      const expected = await perform(memory, writes)
      expect(await perform(sqlite, writes)).toEqual(expected)
      for (const answer of expected.answers) {
        outcomes[answer === 'kept' ? 'kept' : 'refused'] += 1
      }
    }),
    { numRuns: 60 },
  )
  expect(outcomes.kept).toBeGreaterThan(100)
  expect(outcomes.refused).toBeGreaterThan(100)
}, 60_000)

async function perform(
  store: Store,
  writes: readonly Write[],
): Promise<{ readonly answers: readonly unknown[]; readonly content: unknown }> {
  const operations = new EntityOperations([services, routes], countingGenerate())
  const answers: unknown[] = []
  for (const each of writes) {
    try {
      await store.write((transaction) => performOne(transaction, operations, each))
      answers.push('kept')
    } catch (error) {
      const fault = asAdminFault(error)
      if (!(fault instanceof RestFault)) throw fault
      answers.push(fault.reply)
    }
  }
  const content = await store.read(async (view) => ({
    version: view.version,
    services: await view.list(services.collection),
    routes: await view.list(routes.collection),
    tagged: await view.page(services.collection, {
      size: 2,
      where: [{ field: 'tags', match: 'all', values: ['x', 'y'] }],
    }),
  }))
  return { answers, content }
}

async function performOne(
  transaction: StoreTransaction,
  operations: EntityOperations,
  { kind: name, verb, key, input }: Write,
): Promise<void> {
  const kind: EntityKind = name === 'services' ? services : routes
  if (verb === 'insert') await operations.insert(transaction, kind, input)
  if (verb === 'upsert') await operations.upsert(transaction, kind, key, input)
  const existing = await operations.select(transaction, kind, key)
  if (existing === undefined) return
  if (verb === 'update') await operations.update(transaction, kind, existing, input)
  if (verb === 'remove') await transaction.remove(kind.collection, existing.id)
}

/** The same identifiers and times in every run. */
function countingGenerate(): Generate {
  let count = 0
  const next = (): string => String((count += 1)).padStart(12, '0')
  return {
    now: () => (count += 1) * 1000,
    uuid: () => `0190c0de-0000-4000-8000-${next()}`,
    secret: next,
  }
}
