import type { EntityKind } from './entity-kind.ts'
import type { Entity } from './entity.ts'

/** Entities of one consistent state, in memory. */
export interface EntityDirectory {
  get<entity extends Entity>(kind: EntityKind<entity>, id: string): entity | undefined
  /** The first entity whose field has this value; a foreign key is compared by its id. Costs one look into an index. */
  find<entity extends Entity>(
    kind: EntityKind<entity>,
    field: keyof entity & string,
    value: string,
  ): entity | undefined
  /** All entities whose field has this value, by ascending id. */
  findAll<entity extends Entity>(
    kind: EntityKind<entity>,
    field: keyof entity & string,
    value: string,
  ): readonly entity[]
  /** By ascending id. */
  list<entity extends Entity>(kind: EntityKind<entity>): readonly entity[]
}
