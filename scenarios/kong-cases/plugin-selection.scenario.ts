import { describe, expect, it } from 'vitest'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened))

describe('which configuration of a plugin runs', () => {
  it('case 208: a global plugin runs on every route, and on none when it is gone', async () => {
    const { address, ports } = cluster.echo
    const service = await node.configure('POST', '/services', {
      url: `http://${address}:${ports.http}`,
    })
    await node.configure('POST', `/services/${service['id']}/routes`, { hosts: ['global1.com'] })
    const plugin = await node.configure('POST', '/plugins', { name: 'key-auth' })
    const guarded = await node.get('/', { host: 'global1.com' })
    const unrouted = await node.get('/', { host: 'nobody.test' })
    await node.configure('DELETE', `/plugins/${plugin['id']}`)
    const free = await node.get('/', { host: 'global1.com' })
    expect([guarded.status, unrouted.status, free.status]).toEqual([401, 404, 200])
    expect(guarded.body).toEqual({ message: 'No API key found in request' })
  })

  it('cases 209, 216: the closer a configuration is bound, the sooner it counts', async () => {
    const { address, ports } = cluster.echo
    const service = await node.configure('POST', '/services', {
      url: `http://${address}:${ports.http}`,
    })
    const route = await node.configure('POST', `/services/${service['id']}/routes`, {
      hosts: ['close.test'],
    })
    await node.configure('POST', '/consumers', { username: 'bob' })
    await node.configure('POST', '/consumers/bob/key-auth', { key: 'bob-key' })
    await node.configure('POST', `/routes/${route['id']}/plugins`, { name: 'key-auth' })
    await node.configure('POST', '/consumers', { username: 'eve' })
    await node.configure('POST', '/consumers/eve/key-auth', { key: 'eve-key' })
    const limit = async (minute: number, bound: object): Promise<void> => {
      await node.configure('POST', '/plugins', {
        name: 'rate-limiting',
        config: { minute, policy: 'local' },
        ...bound,
      })
    }
    const seen = async (apikey: string): Promise<unknown> =>
      (await node.get('/', { host: 'close.test', headers: { apikey } })).headers[
        'x-ratelimit-limit-minute'
      ]
    const bob = await node.configure('GET', '/consumers/bob')
    await limit(1001, {})
    const limits = [await seen('bob-key')]
    await limit(1002, { service: { id: service['id'] } })
    limits.push(await seen('bob-key'))
    await limit(1003, { route: { id: route['id'] } })
    limits.push(await seen('bob-key'))
    await limit(1004, { consumer: { id: bob['id'] } })
    limits.push(await seen('bob-key'), await seen('eve-key'))
    await limit(1005, { consumer: { id: bob['id'] }, route: { id: route['id'] } })
    limits.push(await seen('bob-key'), await seen('eve-key'))
    expect(limits).toEqual(['1001', '1002', '1003', '1004', '1003', '1005', '1003'])
  })
})
