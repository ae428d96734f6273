import { randomUUID } from 'node:crypto'
import { heardOfChanges } from './heard-of-changes.ts'
import { joinedMesh } from './joined-mesh.ts'
import { openKongCluster, type KongCluster, type KongNode, type Settings } from './kong-cluster.ts'
import { openWebRoute, type WebRoute } from './web-route.ts'

/** How one node dials the other: of one mesh they use mutual TLS where it is `https`. */
export type HopProtocol = 'https' | 'http'

/** Two nodes of one cluster, of which the first sends to the second what the second hands to the echo service. */
export interface NodePair extends AsyncDisposable {
  readonly cluster: KongCluster
  /** Dials from its own address. */
  readonly first: KongNode
  readonly second: KongNode
  /** Makes a service that is the second node, and a route to it by a new host name, which both nodes go by. */
  openHop(protocol: HopProtocol): Promise<Hop>
  /** Adds plugins to a route, waits until both nodes go by them, and returns their ids. */
  addPlugins(hop: WebRoute, plugins: readonly object[]): Promise<readonly string[]>
}

export interface Hop extends WebRoute {
  readonly host: string
}

export async function openNodePair(settings: {
  readonly first?: Settings
  readonly second?: Settings
  /** Scheme, host and port of a service for which the second node asks the echo service, too. */
  readonly standsFor?: string
}): Promise<NodePair> {
  await using opening = new AsyncDisposableStack()
  const cluster = opening.use(await openKongCluster())
  const ports = { https: 8443, http: 8000 } as const
  const first = await cluster.start('kong-a', {
    nginx_proxy_proxy_bind: 'ADDRESS',
    ...settings.first,
  })
  const service = `http://${cluster.echo.address}:${cluster.echo.ports.http}`
  const itself = Object.entries(ports).map(([protocol, port]) => `${protocol}://ADDRESS:${port}`)
  const others = settings.standsFor === undefined ? [] : [settings.standsFor]
  const origins = [...itself, ...others].map((from) => `${from}=${service}`)
  const second = await cluster.start('kong-b', {
    admin_listen: 'off',
    origins: origins.join(', '),
    ...settings.second,
  })
  await joinedMesh([first, second])
  const owned = opening.move()
  return {
    cluster,
    first,
    second,
    openHop: async (protocol) => {
      const host = `${randomUUID()}.test`
      const made = await openWebRoute(
        { node: first, cluster },
        {
          service: { protocol, host: second.address, port: ports[protocol] },
          // Over a plain hop nothing but Host tells the second node what was asked for.
          route: { hosts: [host], preserve_host: true },
        },
      )
      await heardOfChanges(first, [second])
      return { ...made, host }
    },
    addPlugins: async ({ route }, plugins) => {
      const ids: string[] = []
      for (const plugin of plugins) {
        // oxlint-disable-next-line no-await-in-loop -- in the order given
        const { id } = await first.configure('POST', `/routes/${route}/plugins`, plugin)
        ids.push(String(id))
      }
      await heardOfChanges(first, [second])
      return ids
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
