/** An entity as the Admin API tells it. */
export interface Entity {
  readonly collection: string
  readonly id: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** One request that brings entities back. */
export interface EntityChange {
  readonly method: 'PUT' | 'DELETE'
  readonly path: string
  readonly body: Readonly<Record<string, unknown>> | undefined
  /** For people: `the plugin rate-limiting is removed`. */
  readonly told: string
}

/** Collections of the Admin API: each refers only to those before it. What belongs to an entity goes with it. */
export const collections = [
  'services',
  'certificates',
  'consumers',
  'upstreams',
  'routes',
  'snis',
  'plugins',
] as const

/** What turns the entities there are into those wanted, in an order in which none refers to one that is not there. */
export function chooseChanges(
  wanted: readonly Entity[],
  present: readonly Entity[],
): readonly EntityChange[] {
  const places = new Map(wanted.map((entity) => [pathOf(entity), entity]))
  const there = new Map(present.map((entity) => [pathOf(entity), entity]))
  const removed = collections
    .toReversed()
    .flatMap((collection) => present.filter((entity) => entity.collection === collection))
    .filter((entity) => !places.has(pathOf(entity)))
  const changed = collections
    .flatMap((collection) => wanted.filter((entity) => entity.collection === collection))
    .filter((entity) => !isSame(entity, there.get(pathOf(entity))))
  return [
    ...removed.map((entity): EntityChange => ({
      method: 'DELETE',
      path: pathOf(entity),
      body: undefined,
      told: `${describe(entity)} is removed`,
    })),
    ...changed.map((entity): EntityChange => ({
      method: 'PUT',
      path: pathOf(entity),
      body: withoutTimes(entity.fields),
      told: `${describe(entity)} is as it was`,
    })),
  ]
}

export function parseEntity(collection: string, fields: Readonly<Record<string, unknown>>): Entity {
  return { collection, id: String(fields['id']), fields }
}

function pathOf({ collection, id }: Entity): string {
  return `/${collection}/${id}`
}

function describe({ collection, id, fields }: Entity): string {
  const name = [fields['name'], fields['username']].find((each) => typeof each === 'string') ?? id
  return `${collection.slice(0, -1)} ${name}`
}

function isSame(one: Entity, other: Entity | undefined): boolean {
  return other !== undefined && text(one) === text(other)
}

function text({ fields }: Entity): string {
  const entries = Object.entries(withoutTimes(fields))
  return JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function withoutTimes(
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { created_at: _created, updated_at: _updated, ...rest } = fields
  return rest
}
