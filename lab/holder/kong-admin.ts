import type { NetworkNamespace } from '#netns/namespace.ts'
import { collections, parseEntity, type Entity } from '#lab/state/kong-entities.ts'
import type { EntitiesPlan } from '#lab/topology/plan.ts'
import { AdminConnection } from './ask-admin.ts'
import { atMost } from './at-most.ts'

/**
 * Creates the entities through the Admin API, which listens already, and returns them as it tells them. Services are
 * independent of each other; the requests of one service keep their order.
 * @throws LabError with Kong's answer when a request is refused.
 */
export async function createEntities(
  namespace: NetworkNamespace,
  { admin, requests }: EntitiesPlan,
): Promise<readonly Entity[]> {
  using connection = new AdminConnection(namespace, admin, { connections: sharedBy })
  const byService = Map.groupBy(requests, ({ path }) => path.split('/')[2])
  const queue = atMost(sharedBy)
  const created = await Promise.all(
    Array.from(byService.values(), (ofService) =>
      queue(async () => {
        const entities: Entity[] = []
        for (const request of ofService) {
          const answer = await connection.ask(request)
          const collection = request.path.endsWith('/routes') ? 'routes' : 'services'
          entities.push(parseEntity(collection, JSON.parse(answer)))
        }
        return entities
      }),
    ),
  )
  return created.flat()
}

/** Keeps a control plane busy, which needs no more for that. */
const sharedBy = 4

/** Every entity that people write through the Admin API, but for what belongs to another and goes with it. */
export async function listEntities(connection: AdminConnection): Promise<readonly Entity[]> {
  const listed = await Promise.all(
    collections.map(async (collection) => {
      const entities: Entity[] = []
      let path: string | null = `/${collection}?size=1000`
      while (path !== null) {
        const answer: string = await connection.ask({ method: 'GET', path })
        const page: Page = JSON.parse(answer)
        entities.push(...page.data.map((fields) => parseEntity(collection, fields)))
        path = page.next
      }
      return entities
    }),
  )
  return listed.flat()
}

interface Page {
  readonly data: readonly Readonly<Record<string, unknown>>[]
  /** Path of the next page. */
  readonly next: string | null
}
