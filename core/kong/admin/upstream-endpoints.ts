import { activeTargets } from '#core/kong/entities/active-targets.ts'
import type { Target } from '#core/kong/entities/target.ts'
import { upstreams } from '#core/kong/entities/upstream.ts'
import type { TargetHealth } from '#core/model/target-pool.ts'
import type { Endpoint, RestReply, RestRequest } from '#core/rest/exchange.ts'
import type { StoreView } from '#core/store/store.ts'
import { type AdminContext, inputOf, read, write } from './admin-context.ts'
import { invalidOffset } from './admin-fault.ts'
import { type PageSubject, pageReply } from './list-page.ts'
import { parsePageRequest } from './page-request.ts'
import { found } from './reply-with.ts'

export interface UpstreamEndpointOptions {
  readonly nodeId: string
  /** What this node knows about the targets of an Upstream; default: nothing. */
  readonly health?: ((upstreamId: string) => readonly TargetHealth[]) | undefined
}

/** The endpoints of Targets, all below their Upstream. Kong 1.1, section "Target object". */
export function upstreamEndpoints(
  context: AdminContext,
  { nodeId, health = () => [] }: UpstreamEndpointOptions,
): readonly Endpoint[] {
  const { targets } = context
  const upstreamOf = async (view: StoreView, { parameters }: RestRequest): Promise<string> =>
    found(await context.operationsOf(upstreams).select(view, parameters['upstream'] ?? '')).id

  const selectTarget = async (view: StoreView, request: RestRequest): Promise<Target> => {
    const id = await upstreamOf(view, request)
    return found(await targets.selectActive(view, id, request.parameters['target'] ?? ''))
  }

  const listTargets = async (
    request: RestRequest,
    name: string,
    choose: (history: readonly Target[]) => readonly Target[],
  ): Promise<RestReply> => {
    const { id, history } = await read(context, async (view) => {
      const upstreamId = await upstreamOf(view, request)
      return { id: upstreamId, history: await targets.history(view, upstreamId) }
    })
    const path = `/upstreams/${id}/${name}`
    return pageOfTargets(choose(history), { query: request.query, path })
  }

  const postHealth =
    (healthy: boolean) =>
    async (request: RestRequest): Promise<RestReply> => {
      // Without a database too: what is said then holds for this node.
      await write({ ...context, readOnly: false }, 'update', async (transaction) =>
        targets.postHealth(transaction, await selectTarget(transaction, request), healthy),
      )
      return { status: 204 }
    }

  return [
    {
      path: '/upstreams/:upstream/targets',
      handlers: {
        GET: (request) => listTargets(request, 'targets', activeTargets),
        POST: async (request) => ({
          status: 201,
          body: await write(context, 'create', async (transaction) =>
            targets.insert(
              transaction,
              await upstreamOf(transaction, request),
              inputOf(request.body),
            ),
          ),
        }),
      },
    },
    {
      path: '/upstreams/:upstream/targets/all',
      handlers: { GET: (request) => listTargets(request, 'targets/all', (history) => history) },
    },
    {
      path: '/upstreams/:upstream/targets/:target',
      handlers: {
        DELETE: async (request) => {
          await write(context, 'remove', async (transaction) =>
            targets.end(transaction, await selectTarget(transaction, request)),
          )
          return { status: 204 }
        },
      },
    },
    {
      path: '/upstreams/:upstream/targets/:target/healthy',
      handlers: { POST: postHealth(true) },
    },
    {
      path: '/upstreams/:upstream/targets/:target/unhealthy',
      handlers: { POST: postHealth(false) },
    },
    {
      path: '/upstreams/:upstream/health',
      handlers: {
        GET: async (request) => {
          const { id, history } = await read(context, async (view) => {
            const upstreamId = await upstreamOf(view, request)
            return { id: upstreamId, history: await targets.history(view, upstreamId) }
          })
          const known = new Map(health(id).map((each) => [each.targetId, each.health]))
          const page = pageOfTargets(
            activeTargets(history).map((target) => ({
              ...target,
              health: healthNames[known.get(target.id) ?? 'unchecked'],
            })),
            { query: request.query, path: `/upstreams/${id}/health` },
          )
          return { ...page, body: { ...Object(page.body), node_id: nodeId } }
        },
      },
    },
  ]
}

const healthNames: Readonly<Record<TargetHealth['health'], string>> = {
  healthy: 'HEALTHY',
  unhealthy: 'UNHEALTHY',
  unchecked: 'HEALTHCHECKS_OFF',
  unresolved: 'DNS_ERROR',
}

/** Targets are paged in their own order, so the offset is the id of the last one that was shown. */
function pageOfTargets(targets: readonly Target[], subject: PageSubject): RestReply {
  const { size, after, where = [] } = parsePageRequest(subject.query, { tagged: true })
  const wanted = targets.filter(({ tags }) => {
    const has = (value: unknown): boolean => (tags ?? []).some((tag) => tag === value)
    return where.every(({ match, values }) =>
      match === 'all' ? values.every(has) : values.some(has),
    )
  })
  const last = after === undefined ? -1 : wanted.findIndex(({ id }) => id === after)
  if (after !== undefined && last === -1) {
    throw invalidOffset(subject.query.get('offset') ?? '', 'the target is not in the list any more')
  }
  const start = last + 1
  const shown = wanted.slice(start, start + size)
  const isLast = start + size >= wanted.length
  return pageReply(shown, isLast ? undefined : shown.at(-1)?.id, subject)
}
