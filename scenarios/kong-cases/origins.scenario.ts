import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Answer } from '#scenarios/support/ask.ts'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
} from '#scenarios/support/kong-cluster.ts'
import { askStream, type StreamAnswer } from '#scenarios/support/stream-client.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'

const examples = fileURLToPath(new URL('../../examples/plugins', import.meta.url))

describe('origins', () => {
  it('cases 25, 26: lead to another address than the service names; without them the service counts', async () => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const without = await cluster.start('kong-1')
    const given = await cluster.start('kong-2', {
      origins: `http://127.0.0.1:1=http://${address}:${ports.http}`,
    })
    const service = { host: '127.0.0.1', port: 1, path: '/base/', retries: 0 }
    await openWebRoute({ node: without, cluster }, { service, route: { hosts: ['plain.test'] } })
    await openWebRoute(
      { node: without, cluster },
      { service, route: { hosts: ['kept.test'], preserve_host: true } },
    )
    expect((await without.get('/request', { host: 'plain.test' })).status).toBe(502)
    const answer = await seen(given, 'plain.test')
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ protocol: 'http', path: '/base/request' })
    expect(answer.body['headers'].host).toBe(`${address}:${ports.http}`)
    expect((await seen(given, 'kept.test')).body['headers'].host).toBe('kept.test')
  })

  it.for([
    ['http', 'https'],
    ['https', 'http'],
    ['http', 'http'],
    ['https', 'https'],
  ] as const)('make %s into %s, with the name of the new host', async ([from, to]) => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const node = await cluster.start('kong-1', {
      origins: `${from}://service.test:81=${to}://${address}:${ports[to]}`,
    })
    const service = { protocol: from, host: 'service.test', port: 81 }
    await openWebRoute({ node, cluster }, { service, route: { hosts: ['web.test'] } })
    const { status, body } = await seen(node, 'web.test')
    expect(status).toBe(200)
    expect(body).toMatchObject({ protocol: to })
    expect(body['headers'].host).toBe(`${address}:${ports[to]}`)
  })

  it.for([
    ['tcp', 'tls'],
    ['tls', 'tcp'],
    ['tcp', 'tcp'],
    ['tls', 'tls'],
  ] as const)('make %s into %s', async ([from, to]) => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const node = await cluster.start('kong-1', {
      stream_listen: 'ADDRESS:9000',
      origins: `${from}://service.test:81=${to}://${address}:${ports[to]}`,
    })
    const service = { protocol: from, host: 'service.test', port: 81 }
    await openStreamRoute(node, service, 9000)
    const { text } = await askStream({ address: node.address, port: 9000, send: 'twelve bytes' })
    const [report = '', echoed] = text.split('\n')
    expect(echoed).toBe('twelve bytes')
    expect(JSON.parse(report).tls === undefined).toBe(to === 'tcp')
  })

  it('are compared with the service exactly: another port, scheme or host is left alone', async () => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const elsewhere = `http://${address}:${ports.http}`
    const node = await cluster.start('kong-1', {
      origins: `http://127.0.0.1:2=${elsewhere}, https://127.0.0.1:1=${elsewhere}, http://127.0.0.2:1=${elsewhere}`,
    })
    const service = { host: '127.0.0.1', port: 1, retries: 0 }
    await openWebRoute({ node, cluster }, { service, route: { hosts: ['other.test'] } })
    await openWebRoute(
      { node, cluster },
      { service: { ...service, host: '127.0.0.2' }, route: { hosts: ['same.test'] } },
    )
    expect((await seen(node, 'other.test')).status).toBe(502)
    expect((await seen(node, 'same.test')).status).toBe(200)
  })

  it('to a scheme of the other kind are told as a fault, not dialled', async () => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const node = await cluster.start('kong-1', {
      stream_listen: 'ADDRESS:9000',
      origins: `http://127.0.0.1:1=tcp://${address}:${ports.tcp}, tcp://127.0.0.1:1=http://${address}:${ports.http}`,
    })
    const service = { host: '127.0.0.1', port: 1 }
    await openWebRoute({ node, cluster }, { service, route: { hosts: ['web.test'] } })
    await openStreamRoute(node, { ...service, protocol: 'tcp' }, 9000)
    expect((await seen(node, 'web.test')).status).toBe(500)
    await expect.poll(() => node.log('error.log')).toContain('http://127.0.0.1:1')
    // Whether it is closed or reset is a matter of what the client has sent meanwhile.
    const answer = askStream({ address: node.address, port: 9000, send: 'x' })
    expect(
      await answer.then(
        ({ text }) => text,
        () => '',
      ),
    ).toBe('')
    await expect.poll(() => node.log('error.log')).toContain('tcp://127.0.0.1:1')
  })

  it('may name an upstream, and leave its targets alone', async () => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const node = await cluster.start('kong-1', {
      // The second one would lead the target astray.
      origins: `http://service.test:81=http://pool.test:80, http://${address}:${ports.http}=http://127.0.0.1:1`,
    })
    await node.configure('POST', '/upstreams', { name: 'pool.test' })
    await node.configure('POST', '/upstreams/pool.test/targets', {
      target: `${address}:${ports.http}`,
    })
    const service = { host: 'service.test', port: 81 }
    await openWebRoute({ node, cluster }, { service, route: { hosts: ['pool.test'] } })
    expect((await seen(node, 'pool.test')).status).toBe(200)
  })

  it('hold for routes without a service by the address that the client named or dialled', async () => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const node = await cluster.start('kong-1', {
      stream_listen: 'ADDRESS:9000',
      origins: `http://named.test:80=http://${address}:${ports.http}, tcp://${cluster.address(1)}:9000=tcp://${address}:${ports.tcp}`,
    })
    await node.configure('POST', '/routes', { hosts: ['named.test'] })
    await node.configure('POST', '/routes', {
      protocols: ['tcp', 'tls'],
      destinations: [{ port: 9000 }],
    })
    expect((await seen(node, 'named.test')).status).toBe(200)
    const { text } = await askStream({ address: node.address, port: 9000, send: 'twelve bytes' })
    expect(text.endsWith('\ntwelve bytes')).toBe(true)
  })
})

describe('the way from a plain client over the mesh to a plain service', () => {
  it('is mutual TLS between the nodes and nowhere else, over HTTP', async () => {
    await using ground = await openPair('https', 8443)
    const { cluster, first, second } = ground
    const mark = { name: 'header-by-phase', run_on: 'second', config: { name: 'x-on-second' } }
    await first.configure('POST', '/plugins', mark)
    await openWebRoute(
      { node: first, cluster },
      { service: ground.service, route: { hosts: ['story.test'] } },
    )
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

  it('is mutual TLS between the nodes and nowhere else, over streams', async () => {
    await using ground = await openPair('tls', 9000)
    const { first, second } = ground
    await openStreamRoute(first, ground.service, 9000)
    await heardOfChanges(first, [second])
    const answer = await ask(first)
    const [report = '', echoed] = answer.text.split('\n')
    expect(echoed).toBe('twelve bytes')
    expect(JSON.parse(report).tls).toBeUndefined()
    await first.configure('POST', '/plugins', {
      name: 'short-circuit',
      run_on: 'second',
      protocols: ['tcp', 'tls'],
      config: { status: 503, message: 'on the second node' },
    })
    await expect.poll(async () => (await ask(first)).text).toContain('on the second node')
    expect((await ask(second)).text).toContain('twelve bytes')
  })

  it('is refused where a node without origins would call itself, instead of going round', async () => {
    await using cluster = await openKongCluster()
    const first = await cluster.start('kong-1')
    const second = await cluster.start('kong-2', { admin_listen: 'off' })
    await joinedMesh([first, second])
    const service = { protocol: 'https', host: second.address, port: 8443 }
    await openWebRoute({ node: first, cluster }, { service, route: { hosts: ['round.test'] } })
    await heardOfChanges(first, [second])
    expect((await seen(first, 'round.test')).status).toBe(508)
    await expect
      .poll(() => second.log('error.log'))
      .toContain('Loop: the request came by this node before')
    // One time round is enough to see it.
    const handled = (await second.log('access.log')).split('GET /request').length - 1
    expect(handled).toBeLessThanOrEqual(2)
  })

  it('may lead over three nodes, of which only the first is a first one', async () => {
    await using cluster = await openKongCluster()
    const { address, ports } = cluster.echo
    const origin = `https://${cluster.address(2)}:8443`
    const bound = { nginx_proxy_proxy_bind: 'ADDRESS' }
    const first = await cluster.start('kong-1', bound)
    const last = `https://${cluster.address(3)}:8443`
    const second = await cluster.start('kong-2', {
      ...bound,
      admin_listen: 'off',
      origins: `${origin}=${last}`,
    })
    const third = await cluster.start('kong-3', {
      ...bound,
      admin_listen: 'off',
      origins: `${origin}=http://${address}:${ports.http}`,
    })
    const nodes = [first, second, third]
    await joinedMesh(nodes)
    const { service } = await openWebRoute(
      { node: first, cluster },
      {
        service: { protocol: 'https', host: cluster.address(2), port: 8443 },
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

interface Pair extends AsyncDisposable {
  readonly cluster: KongCluster
  readonly first: KongNode
  readonly second: KongNode
  /** Names the second node, where it stands for the plain service behind it. */
  readonly service: Readonly<Record<string, unknown>>
}

async function openPair(protocol: 'https' | 'tls', port: number): Promise<Pair> {
  const cluster = await openKongCluster()
  const { address, ports } = cluster.echo
  const plain =
    protocol === 'https' ? `http://${address}:${ports.http}` : `tcp://${address}:${ports.tcp}`
  const settings = {
    plugins: `bundled, ${examples}/short-circuit.ts, ${examples}/header-by-phase.ts`,
    stream_listen: 'ADDRESS:9000',
  }
  const first = await cluster.start('kong-1', settings)
  const second = await cluster.start('kong-2', {
    ...settings,
    admin_listen: 'off',
    origins: `${protocol}://${cluster.address(2)}:${port}=${plain}`,
  })
  await joinedMesh([first, second])
  return {
    cluster,
    first,
    second,
    service: { protocol, host: second.address, port },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
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

function ask({ address }: KongNode): Promise<StreamAnswer> {
  return askStream({ address, port: 9000, send: 'twelve bytes' })
}
