import type { KongCluster, KongNode } from './kong-cluster.ts'

export interface WebRoute {
  readonly service: string
  readonly route: string
}

/** Makes a service before the cluster's echo, or as `service` says, and a route to it. */
export async function openWebRoute(
  { node, cluster }: { readonly node: KongNode; readonly cluster: KongCluster },
  { service, route }: { readonly service?: object; readonly route: object },
): Promise<WebRoute> {
  const { address, ports } = cluster.echo
  const made = await node.configure('POST', '/services', {
    host: address,
    port: ports.http,
    ...service,
  })
  const { id } = await node.configure('POST', `/services/${made['id']}/routes`, route)
  return { service: String(made['id']), route: String(id) }
}
