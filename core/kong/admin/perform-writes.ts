import type { Entity } from '#core/kong/entities/entity.ts'
import { kongKinds, storedKinds } from '#core/kong/entities/kong-kinds.ts'
import { upstreams } from '#core/kong/entities/upstream.ts'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'
import { RestFault } from '#core/rest/exchange.ts'
import type { Store, StoreTransaction } from '#core/store/store.ts'
import { asAdminFault } from './admin-fault.ts'
import { compileOperations, type Operations } from './operations.ts'
import type { RandomWrite } from './random-writes.ts'
import { testPlugins } from './test-plugins.ts'

export interface PerformedWrites {
  /** One for each write: what was shown, or why it was refused. */
  readonly answers: readonly unknown[]
  readonly refused: number
  /** All that can be read from the store in the end. */
  readonly content: StoreContent
}

/** How many changes there were since the start, and what can be read, by what was asked for. */
interface StoreContent {
  readonly changes: number
  readonly lists: Readonly<Record<string, readonly unknown[]>>
}

const kinds = kongKinds(testPlugins)

/** Makes the changes one after the other; identifiers and times are the same in every run. */
export async function performWrites(
  store: Store,
  writes: readonly RandomWrite[],
): Promise<PerformedWrites> {
  const operations = compileOperations(kinds, countingGenerate())
  const start = await store.version()
  const answers: unknown[] = []
  let refused = 0
  for (const each of writes) {
    try {
      answers.push(await store.write((transaction) => performOne(transaction, operations, each)))
    } catch (error) {
      const fault = asAdminFault(error)
      if (!(fault instanceof RestFault)) throw fault
      answers.push(fault.reply)
      refused += 1
    }
  }
  return { answers, refused, content: await contentOf(store, start) }
}

async function performOne(
  transaction: StoreTransaction,
  operations: Operations,
  write: RandomWrite,
): Promise<unknown> {
  const { collection, verb, key, input: fields } = write
  if (collection === 'targets') return performOnTarget(transaction, operations, write)
  const kind = kinds.find(({ schema }) => schema.name === collection)
  if (kind === undefined) throw new Error(`there is no kind called ${collection}`)
  const of = operations.operationsOf(kind)
  const input = { fields, isForm: false }
  const show = (entity: Entity): Promise<unknown> => of.show(transaction, [entity])
  if (verb === 'insert') return show(await of.insert(transaction, input))
  if (verb === 'upsert') return show(await of.upsert(transaction, key, input))
  const existing = await of.select(transaction, key)
  if (existing === undefined) return 'not found'
  if (verb === 'update') return show(await of.update(transaction, existing, input))
  await of.remove(transaction, existing)
  return 'removed'
}

async function performOnTarget(
  transaction: StoreTransaction,
  { operationsOf, targets }: Operations,
  { verb, key, input: fields }: RandomWrite,
): Promise<unknown> {
  // Any will do: that the one named is there, and has this Target, would be rare.
  const [first] = await transaction.list(upstreams.collection)
  const upstream = (await operationsOf(upstreams).select(transaction, key)) ?? first
  if (upstream === undefined) return 'no such upstream'
  if (verb === 'insert' || verb === 'upsert') {
    return targets.insert(transaction, upstream.id, { fields, isForm: false })
  }
  const target = await targets.selectActive(transaction, upstream.id, String(fields['target']))
  if (target === undefined) return 'no such target'
  if (verb === 'remove') await targets.end(transaction, target)
  else await targets.postHealth(transaction, target, target.weight > 0)
  return 'done'
}

async function contentOf(store: Store, start: number): Promise<StoreContent> {
  return store.read(async (view) => {
    const lists: Record<string, readonly unknown[]> = {}
    for (const { collection } of storedKinds(testPlugins)) {
      lists[collection.name] = await view.list(collection)
      if (!collection.indexed.includes('tags')) continue
      const both = { field: 'tags', match: 'all', values: ['x', 'y'] } as const
      const { documents, next } = await view.page(collection, { size: 2, where: [both] })
      lists[`${collection.name} with both tags`] =
        next === undefined ? documents : [...documents, next]
    }
    return { changes: view.version - start, lists }
  })
}

/** The same identifiers and times in every run. */
function countingGenerate(): Generate {
  let count = 0
  const next = (): string => String((count += 1)).padStart(12, '0')
  return {
    now: () => (count += 1) * 1000,
    uuid: () => `0190c0de-0000-4000-8001-${next()}`,
    secret: next,
  }
}
