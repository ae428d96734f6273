import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
} from '#scenarios/support/kong-cluster.ts'
import { askStream } from '#scenarios/support/stream-client.ts'

let cluster: KongCluster
/** They differ in what they are told about the address that they dial from. */
let nodes: Readonly<Record<'keeping' | 'own' | 'transparent', KongNode>>
beforeAll(async () => {
  cluster = await openKongCluster()
  const start = (name: string, nginx_sproxy_proxy_bind: string): Promise<KongNode> =>
    cluster.start(name, { stream_listen: 'ADDRESS:9000', nginx_sproxy_proxy_bind })
  const first = await start('kong-1', '$remote_addr transparent')
  const own = await start('kong-2', 'ADDRESS')
  const transparent = await start('kong-3', 'ADDRESS transparent')
  nodes = { keeping: first, own, transparent }
  const { address, ports } = cluster.echo
  const { id } = await first.configure('POST', '/services', `url=tcp://${address}:${ports.tcp}`)
  await first.configure('POST', `/services/${id}/routes`, {
    protocols: ['tcp'],
    destinations: [{ port: 9000 }],
  })
  await heardOfChanges(first, [own, transparent])
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('a stream through a node', () => {
  it.for([
    ['of the client, where it is told to keep that', 'keeping', 77],
    ['that it is told to dial from', 'own', 2],
    ['that it is told to dial from, whosever that is', 'transparent', 3],
  ] as const)('comes to the service from the address %s', async ([, name, from]) => {
    const { text } = await askStream({
      address: nodes[name].address,
      port: 9000,
      send: 'twelve bytes',
      from: { address: cluster.address(77) },
    })
    const [report = ''] = text.split('\n')
    const { source }: { source: string } = JSON.parse(report)
    expect(source.replace(/:\d+$/, '')).toBe(cluster.address(from))
  })
})
