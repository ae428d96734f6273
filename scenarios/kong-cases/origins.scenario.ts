import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '#scenarios/support/ask.ts'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
  type Settings,
} from '#scenarios/support/kong-cluster.ts'
import { askStream, type StreamAnswer } from '#scenarios/support/stream-client.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'

const examples = fileURLToPath(new URL('../../examples/plugins', import.meta.url))

const webWays = [
  ['http', 'https'],
  ['https', 'http'],
  ['http', 'http'],
  ['https', 'https'],
] as const
/** With the port that leads there. */
const streamWays = [
  ['tcp', 'tls', 9001],
  ['tls', 'tcp', 9002],
  ['tcp', 'tcp', 9003],
  ['tls', 'tls', 9004],
] as const

const streamPorts = [9001, 9002, 9003, 9004, 9005, 9006] as const

let cluster: KongCluster
/** Has no origins. */
let first: KongNode
/** Its port 8443, and 9000 for streams, stand for the plain service behind it; 8444 for the third one; 8445 for itself; 8446 for the service with TLS. */
let second: KongNode
/** Has the origins of all cases, and is where a way over three nodes ends. */
let third: KongNode
beforeAll(async () => {
  cluster = await openKongCluster()
  const { address, ports } = cluster.echo
  const echo = (protocol: keyof typeof ports): string =>
    `${protocol}://${address}:${ports[protocol]}`
  const [two, three] = [cluster.address(2), cluster.address(3)]
  const settings = {
    plugins: `bundled, ${examples}/short-circuit.ts, ${examples}/header-by-phase.ts`,
    stream_listen: 'ADDRESS:9000',
    nginx_proxy_proxy_bind: 'ADDRESS',
  }
  const start = (name: string, origins: readonly string[], more: Settings): Promise<KongNode> =>
    cluster.start(name, { ...settings, origins: origins.join(', '), ...more })
  first = await cluster.start('kong-1', settings)
  second = await start(
    'kong-2',
    [
      `https://${two}:8443=${echo('http')}`,
      `tls://${two}:9000=${echo('tcp')}`,
      `https://${two}:8444=https://${three}:8443`,
      `https://${two}:8446=${echo('https')}`,
    ],
    {
      admin_listen: 'off',
      proxy_listen:
        'ADDRESS:8000, ADDRESS:8443 ssl, ADDRESS:8444 ssl, ADDRESS:8445 ssl, ADDRESS:8446 ssl',
    },
  )
  third = await start(
    'kong-3',
    [
      `https://${two}:8444=${echo('http')}`,
      `http://127.0.0.1:1=${echo('http')}`,
      ...webWays.map(([from, to]) => `${from}://${from}-${to}.test:81=${echo(to)}`),
      ...streamWays.map(([from, to]) => `${from}://${from}-${to}.test:81=${echo(to)}`),
      // Not quite what a service names, and what one does.
      `http://127.0.0.2:2=${echo('http')}`,
      `https://127.0.0.2:1=${echo('http')}`,
      `http://127.0.0.3:1=${echo('http')}`,
      // Of another kind.
      `http://127.0.0.4:1=${echo('tcp')}`,
      `tcp://127.0.0.4:1=${echo('http')}`,
      // The second one would lead the target astray.
      'http://upstream.test:81=http://pool.test:80',
      `${echo('http')}=http://127.0.0.5:1`,
      `http://named.test:80=${echo('http')}`,
      `tcp://${three}:9006=${echo('tcp')}`,
    ],
    { stream_listen: streamPorts.map((port) => `ADDRESS:${port}`).join(', ') },
  )
  await joinedMesh([first, second, third])
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('origins', () => {
  it('cases 25, 26: lead to another address than the service names; without them the service counts', async () => {
    const { address, ports } = cluster.echo
    const service = { host: '127.0.0.1', port: 1, path: '/base/', retries: 0 }
    await openWebRoute({ node: third, cluster }, { service, route: { hosts: ['plain.test'] } })
    await openWebRoute(
      { node: third, cluster },
      { service, route: { hosts: ['kept.test'], preserve_host: true } },
    )
    await heardOfChanges(third, [first])
    expect((await seen(first, 'plain.test')).status).toBe(502)
    const answer = await seen(third, 'plain.test')
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ protocol: 'http', path: '/base/request' })
    expect(answer.body['headers'].host).toBe(`${address}:${ports.http}`)
    expect((await seen(third, 'kept.test')).body['headers'].host).toBe('kept.test')
  })

  it.for(webWays)('make %s into %s, with the name of the new host', async ([from, to]) => {
    const host = `${from}-${to}.test`
    const service = { protocol: from, host, port: 81 }
    await openWebRoute({ node: third, cluster }, { service, route: { hosts: [host] } })
    const { status, body } = await seen(third, host)
    expect(status).toBe(200)
    expect(body).toMatchObject({ protocol: to })
    const { address, ports } = cluster.echo
    expect(body['headers'].host).toBe(`${address}:${ports[to]}`)
  })

  it.for(streamWays)('make %s into %s', async ([from, to, port]) => {
    await openStreamRoute(third, { protocol: from, host: `${from}-${to}.test`, port: 81 }, port)
    const [report = '', echoed] = (await ask(third, port)).text.split('\n')
    expect(echoed).toBe('twelve bytes')
    expect(JSON.parse(report).tls === undefined).toBe(to === 'tcp')
  })

  it('are compared with the service exactly: another port, scheme or host is left alone', async () => {
    const service = { host: '127.0.0.2', port: 1, retries: 0 }
    await openWebRoute({ node: third, cluster }, { service, route: { hosts: ['other.test'] } })
    await openWebRoute(
      { node: third, cluster },
      { service: { ...service, host: '127.0.0.3' }, route: { hosts: ['same.test'] } },
    )
    expect((await seen(third, 'other.test')).status).toBe(502)
    expect((await seen(third, 'same.test')).status).toBe(200)
  })

  it('to a scheme of the other kind are told as a fault, not dialled', async () => {
    const service = { host: '127.0.0.4', port: 1 }
    await openWebRoute({ node: third, cluster }, { service, route: { hosts: ['kinds.test'] } })
    await openStreamRoute(third, { ...service, protocol: 'tcp' }, 9005)
    expect((await seen(third, 'kinds.test')).status).toBe(500)
    await expect.poll(() => third.log('error.log')).toContain('http://127.0.0.4:1')
    // Whether it is closed or reset is a matter of what the client has sent meanwhile.
    const answer = ask(third, 9005)
    expect(
      await answer.then(
        ({ text }) => text,
        () => '',
      ),
    ).toBe('')
    await expect.poll(() => third.log('error.log')).toContain('tcp://127.0.0.4:1')
  })

  it('may name an upstream, and leave its targets alone', async () => {
    const { address, ports } = cluster.echo
    await third.configure('POST', '/upstreams', { name: 'pool.test' })
    await third.configure('POST', '/upstreams/pool.test/targets', {
      target: `${address}:${ports.http}`,
    })
    const service = { host: 'upstream.test', port: 81 }
    await openWebRoute({ node: third, cluster }, { service, route: { hosts: ['pool.test'] } })
    expect((await seen(third, 'pool.test')).status).toBe(200)
  })

  it('hold for routes without a service by the address that the client named or dialled', async () => {
    await third.configure('POST', '/routes', { hosts: ['named.test'] })
    await third.configure('POST', '/routes', {
      protocols: ['tcp', 'tls'],
      destinations: [{ port: 9006 }],
    })
    expect((await seen(third, 'named.test')).status).toBe(200)
    expect((await ask(third, 9006)).text.endsWith('\ntwelve bytes')).toBe(true)
  })
})

describe('the way from a plain client over the mesh to a plain service', () => {
  it('is mutual TLS between the nodes and nowhere else, over HTTP', async () => {
    await using _mark = await openPlugin({
      name: 'header-by-phase',
      run_on: 'second',
      config: { name: 'x-on-second' },
    })
    const service = { protocol: 'https', host: second.address, port: 8443 }
    await openWebRoute({ node: first, cluster }, { service, route: { hosts: ['story.test'] } })
    await heardOfChanges(first, [second])
    const { status, body, headers } = await seen(first, 'story.test')
    expect([status, body['protocol']]).toEqual([200, 'http'])
    // Only a node that another node of its mesh has called runs it.
    expect(headers['x-on-second']).toBe('rewrite access head')
    // Called by anybody, the second node does not.
    const direct = await seen(second, 'story.test')
    expect(direct.status).toBe(200)
    expect(direct.headers['x-on-second']).toBeUndefined()
  })

  it('ends at the service that the client’s protocol has at the first node, though the way there is TLS', async () => {
    // As the tutorial has them, but that their services are secured between the nodes.
    for (const [protocol, port] of [
      ['http', 8443],
      ['https', 8446],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one is the older one
      await openWebRoute(
        { node: first, cluster },
        {
          service: { protocol: 'https', host: second.address, port },
          route: { hosts: ['twins.test'], protocols: [protocol] },
        },
      )
    }
    await heardOfChanges(first, [second])
    const host = 'twins.test'
    expect((await first.get('/', { host })).body).toMatchObject({ protocol: 'http' })
    const secure = await first.get('/', { host, tls: { serverName: host } })
    expect(secure.body).toMatchObject({ protocol: 'https' })
  })

  it('is mutual TLS between the nodes and nowhere else, over streams', async () => {
    await openStreamRoute(first, { protocol: 'tls', host: second.address, port: 9000 }, 9000)
    await heardOfChanges(first, [second])
    const answer = await ask(first, 9000)
    const [report = '', echoed] = answer.text.split('\n')
    expect(echoed).toBe('twelve bytes')
    expect(JSON.parse(report).tls).toBeUndefined()
    await using _plugin = await openPlugin({
      name: 'short-circuit',
      run_on: 'second',
      protocols: ['tcp', 'tls'],
      config: { status: 503, message: 'on the second node' },
    })
    await expect.poll(async () => (await ask(first, 9000)).text).toContain('on the second node')
    expect((await ask(second, 9000)).text).toContain('twelve bytes')
  })

  it('is refused where a node that has no origin for itself would call itself, instead of going round', async () => {
    const service = { protocol: 'https', host: second.address, port: 8445 }
    await openWebRoute({ node: first, cluster }, { service, route: { hosts: ['round.test'] } })
    await heardOfChanges(first, [second])
    expect((await first.get('/round', { host: 'round.test' })).status).toBe(508)
    await expect
      .poll(() => second.log('error.log'))
      .toContain('Loop: the request came by this node before')
    // One time round is enough to see it.
    const handled = (await second.log('access.log')).split('GET /round').length - 1
    expect(handled).toBeLessThanOrEqual(2)
  })

  it('may lead over three nodes, of which only the first is a first one', async () => {
    const { service } = await openWebRoute(
      { node: first, cluster },
      {
        service: { protocol: 'https', host: second.address, port: 8444 },
        route: { hosts: ['chain.test'] },
      },
    )
    const path = join(cluster.folder, 'seen.log')
    const log = { name: 'file-log', config: { path } }
    const { id } = await first.configure('POST', `/services/${service}/plugins`, log)
    const [client, one, two] = ['127.0.0.1', cluster.address(1), cluster.address(2)]
    let known = 0
    for (const [run_on, callers] of [
      ['first', [client]],
      ['second', [one, two]],
      ['all', [client, one, two]],
    ] as const) {
      // oxlint-disable no-await-in-loop -- each round changes the same entity
      await first.configure('PATCH', `/plugins/${id}`, { run_on })
      await heardOfChanges(first, [second, third])
      expect((await seen(first, 'chain.test')).body).toMatchObject({ protocol: 'http' })
      const records = async (): Promise<readonly string[]> =>
        (await readFile(path, 'utf8').catch(() => '')).split('\n').slice(known, -1)
      await expect.poll(async () => (await records()).length).toBe(callers.length)
      // Who called a node tells which one it was.
      const clients = (await records()).map((line): unknown => JSON.parse(line).client_ip)
      expect(new Set(clients)).toEqual(new Set(callers))
      known += callers.length
      // oxlint-enable no-await-in-loop
    }
  })
})

/** Bound to nothing. */
async function openPlugin(plugin: object): Promise<AsyncDisposable> {
  const { id } = await first.configure('POST', '/plugins', plugin)
  return {
    [Symbol.asyncDispose]: async () => {
      await first.configure('DELETE', `/plugins/${id}`)
    },
  }
}

async function openStreamRoute(
  node: KongNode,
  service: Readonly<Record<string, unknown>>,
  port: number,
): Promise<void> {
  const { id } = await node.configure('POST', '/services', service)
  await node.configure('POST', `/services/${id}/routes`, {
    protocols: ['tcp', 'tls'],
    destinations: [{ port }],
  })
}

function seen(node: KongNode, host: string): Promise<Answer> {
  return node.get('/request', { host })
}

function ask({ address }: KongNode, port: number): Promise<StreamAnswer> {
  return askStream({ address, port, send: 'twelve bytes' })
}
