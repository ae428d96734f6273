import { describe, expect, it } from 'vitest'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { openKongCluster } from '#scenarios/support/kong-cluster.ts'
import { askStream } from '#scenarios/support/stream-client.ts'

describe('a stream through a node', () => {
  it.for([
    ['of the client, where it is told to keep that', '$remote_addr transparent', 7],
    ['that it is told to dial from', 'ADDRESS', 1],
    ['that it is told to dial from, whosever that is', 'ADDRESS transparent', 1],
  ] as const)('comes to the service from the address %s', async ([, proxyBind, from]) => {
    await using cluster = await openKongCluster()
    const node = await cluster.start('kong-a', {
      stream_listen: 'ADDRESS:9000',
      nginx_sproxy_proxy_bind: proxyBind,
    })
    const { address, ports } = cluster.echo
    const { id } = await node.configure('POST', '/services', `url=tcp://${address}:${ports.tcp}`)
    await node.configure('POST', `/services/${id}/routes`, {
      protocols: ['tcp'],
      destinations: [{ port: 9000 }],
    })
    await heardOfChanges(node, [node])
    const { text } = await askStream({
      address: node.address,
      port: 9000,
      send: 'twelve bytes',
      from: { address: cluster.address(7) },
    })
    const [report = ''] = text.split('\n')
    const { source }: { source: string } = JSON.parse(report)
    expect(source.replace(/:\d+$/, '')).toBe(cluster.address(from))
  })
})
