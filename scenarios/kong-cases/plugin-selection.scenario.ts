import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
} from '#scenarios/support/kong-cluster.ts'
import { askStream } from '#scenarios/support/stream-client.ts'

const examples = fileURLToPath(new URL('../../examples/plugins', import.meta.url))

let cluster: KongCluster
let node: KongNode
beforeAll(async () => {
  cluster = await openKongCluster()
  node = await cluster.start('kong-a', {
    plugins: `bundled, ${examples}/short-circuit.ts, ${examples}/short-circuit-last.ts`,
    stream_listen: 'ADDRESS:18003, ADDRESS:18443, ADDRESS:18006, ADDRESS:18007',
  })
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** What a node that no other node of a mesh has called does with `run_on`. */
describe('run_on on the first node', () => {
  it.for([
    ["cases 1, 2: 'first' runs", [['short-circuit', 'first', 503]], 503],
    [
      "cases 1, 2: 'first' runs, 'second' does not",
      [
        ['short-circuit', 'second', 500],
        ['short-circuit-last', 'first', 503],
      ],
      503,
    ],
    [
      "cases 7, 8: 'second' does not run and 'all' does",
      [
        ['short-circuit', 'second', 500],
        ['short-circuit-last', 'all', 503],
      ],
      503,
    ],
    [
      "cases 9, 10: 'all' runs",
      [
        ['short-circuit', 'all', 503],
        ['short-circuit-last', 'second', 500],
      ],
      503,
    ],
    [
      "control: 'second' alone leaves the request to the service",
      [['short-circuit', 'second', 500]],
      200,
    ],
  ] as const)('%s, over HTTP and HTTPS', async ([, plugins, expected]) => {
    const service = await webService()
    const route = await node.configure('POST', `/services/${service}/routes`, {
      hosts: ['runs.test'],
    })
    for (const [name, run_on, status] of plugins) {
      // oxlint-disable-next-line no-await-in-loop
      await node.configure('POST', `/services/${service}/plugins`, {
        name,
        run_on,
        config: { status },
      })
    }
    const plain = await node.get('/', { host: 'runs.test' })
    const secure = await node.get('/', { host: 'runs.test', tls: { serverName: 'runs.test' } })
    await node.configure('DELETE', `/routes/${route['id']}`)
    expect([plain.status, secure.status]).toEqual([expected, expected])
  })

  it.for([
    [
      'case 13',
      'tcp',
      18_003,
      [
        ['short-circuit', 'second', 500],
        ['short-circuit-last', 'first', 503],
      ],
    ],
    [
      'case 14',
      'tls',
      18_443,
      [
        ['short-circuit', 'second', 500],
        ['short-circuit-last', 'first', 503],
      ],
    ],
    [
      'case 19',
      'tcp',
      18_006,
      [
        ['short-circuit', 'second', 500],
        ['short-circuit-last', 'all', 503],
      ],
    ],
    [
      'case 20',
      'tls',
      18_443,
      [
        ['short-circuit', 'second', 500],
        ['short-circuit-last', 'all', 503],
      ],
    ],
    [
      'case 21',
      'tcp',
      18_007,
      [
        ['short-circuit', 'second', 500],
        ['short-circuit-last', 'all', 503],
      ],
    ],
    [
      'case 22',
      'tls',
      18_443,
      [
        ['short-circuit', 'second', 500],
        ['short-circuit-last', 'all', 503],
      ],
    ],
  ] as const)(
    '%s: a plugin answers a %s stream on port %d',
    async ([label, protocol, port, plugins]) => {
      const { address, ports } = cluster.echo
      const service = await node.configure('POST', '/services', {
        url: `tcp://${address}:${ports.tcp}`,
      })
      const route = await node.configure('POST', `/services/${service['id']}/routes`, {
        protocols: [protocol],
        destinations: [{ port }],
      })
      for (const [name, run_on, status] of plugins) {
        // oxlint-disable-next-line no-await-in-loop
        await node.configure('POST', `/services/${service['id']}/plugins`, {
          name,
          run_on,
          protocols: ['tcp', 'tls'],
          config: { status, message: label },
        })
      }
      const tls = protocol === 'tls' ? { tls: { serverName: 'first-on-first.org' } } : {}
      const filler = protocol === 'tcp' ? { send: `${'a line that only fills '.repeat(4)}\n` } : {}
      const answer = await askStream({ address: node.address, port, end: false, ...tls, ...filler })
      await node.configure('DELETE', `/routes/${route['id']}`)
      expect(JSON.parse(answer.text)).toEqual({ status: 503, message: label })
    },
  )

  async function webService(): Promise<string> {
    const { address, ports } = cluster.echo
    const { id } = await node.configure('POST', '/services', {
      url: `http://${address}:${ports.http}`,
    })
    return String(id)
  }
})

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
