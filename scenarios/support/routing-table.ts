import type { Answer, Question } from './ask.ts'
import type { KongCluster, KongNode } from './kong-cluster.ts'

/** Routes of one test: made together, told apart by the path that the service sees, gone with it. */
export interface RoutingTable extends AsyncDisposable {
  /** Which of the routes, counted from 1, took the request; the status if none did. */
  choose(path: string, question?: Partial<Question>): Promise<string>
}

/**
 * Makes one route for each match, in this order of age, each with a service whose path is `/r1/`, `/r2/` …
 */
export async function openRoutingTable(
  { node, cluster }: { readonly node: KongNode; readonly cluster: KongCluster },
  matches: readonly object[],
): Promise<RoutingTable> {
  const made: string[] = []
  const { address, ports } = cluster.echo
  let created = 1_500_000_000
  for (const [index, match] of matches.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as a person would
    const service = await node.configure('POST', '/services', {
      url: `http://${address}:${ports.http}/r${index + 1}/`,
    })
    // oxlint-disable-next-line no-await-in-loop
    const route = await node.configure('POST', '/routes', {
      service: { id: service['id'] },
      created_at: created++,
      ...match,
    })
    made.push(`/routes/${route['id']}`, `/services/${service['id']}`)
  }
  return {
    choose: async (path, question) => nameOf(await node.get(path, question)),
    [Symbol.asyncDispose]: async () => {
      // oxlint-disable-next-line no-await-in-loop -- a service goes after its route
      for (const path of made) await node.configure('DELETE', path)
    },
  }
}

function nameOf({ status, body }: Answer): string {
  const path: unknown = body['path']
  const name = typeof path === 'string' ? /^\/(r\d+)\//.exec(path)?.[1] : undefined
  return name ?? String(status)
}
