import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
  type Settings,
} from '#scenarios/support/kong-cluster.ts'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'

const proxyProtocol = {
  real_ip_header: 'proxy_protocol',
  proxy_listen: 'ADDRESS:8000, ADDRESS:8002 proxy_protocol',
}

/** Nodes of one cluster; what one is told of one matter has no say in another one. */
const settings = {
  plain: {},
  trusting: { trusted_ips: '127.0.0.1', headers: 'off' },
  wary: { trusted_ips: '10.0.0.1', headers: 'server_tokens' },
  recursive: {
    trusted_ips: '127.0.0.1, 172.16.0.1, 192.168.0.1',
    real_ip_header: 'X-Forwarded-For',
    real_ip_recursive: 'on',
    headers: 'latency_tokens',
  },
  'behind-trusted': {
    trusted_ips: '127.0.0.1',
    ...proxyProtocol,
    headers: 'X-Kong-Upstream-Status',
  },
  'behind-other': {
    trusted_ips: '10.0.0.1',
    ...proxyProtocol,
    headers: 'via, x-kong-proxy-latency',
    error_default_type: 'text/html',
    nginx_proxy_add_header: 'foo-header bar-value',
  },
} as const satisfies Readonly<Record<string, Settings>>
type Name = keyof typeof settings

let cluster: KongCluster
const nodes = new Map<string, KongNode>()
beforeAll(async () => {
  cluster = await openKongCluster()
  for (const [name, each] of Object.entries(settings)) {
    // oxlint-disable-next-line no-await-in-loop -- the first one makes what all of them have in common
    nodes.set(name, await cluster.start(name, each))
  }
  const node = nodeOf('plain')
  await openWebRoute({ node, cluster }, { route: { hosts: ['headers.test'] } })
  await heardOfChanges(node, [...nodes.values()])
})
afterAll(() => cluster[Symbol.asyncDispose]())

function nodeOf(name: Name): KongNode {
  const node = nodes.get(name)
  if (node === undefined) throw new Error(`${name} has not started`)
  return node
}

describe('forwarding headers', () => {
  const told = {
    'x-real-ip': '10.0.0.1',
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'example.com',
    'x-forwarded-port': '80',
  }

  it('cases 189, 190: say what the node itself sees, on port 8000 and 8443', async () => {
    const node = nodeOf('plain')
    const plain = await node.get('/', { host: 'headers.test' })
    const secure = await node.get('/', { host: 'headers.test', tls: {} })
    expect(plain.body['headers']).toMatchObject({
      'x-real-ip': '127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'headers.test',
      'x-forwarded-port': '8000',
    })
    expect(secure.body['headers']).toMatchObject({
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '8443',
    })
  })

  it('case 191: of a trusted peer are passed on, and the peer is added', async () => {
    const node = nodeOf('trusting')
    const { body } = await node.get('/', { host: 'headers.test', headers: told })
    expect(body['headers']).toMatchObject({ ...told, 'x-forwarded-for': '10.0.0.1, 127.0.0.1' })
  })

  it('case 192: of anybody else are replaced, but for the list of addresses', async () => {
    const node = nodeOf('wary')
    const { body } = await node.get('/', { host: 'headers.test', headers: told })
    expect(body['headers']).toMatchObject({
      'x-real-ip': '127.0.0.1',
      'x-forwarded-for': '10.0.0.1, 127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'headers.test',
      'x-forwarded-port': '8000',
    })
  })

  it('case 193: the last address that is not trusted is the client', async () => {
    const node = nodeOf('recursive')
    const list = '127.0.0.1, 10.0.0.1, 192.168.0.1, 127.0.0.1, 172.16.0.1'
    const { body } = await node.get('/', {
      host: 'headers.test',
      headers: { 'x-forwarded-for': list },
    })
    expect(body['headers']).toMatchObject({
      'x-real-ip': '10.0.0.1',
      'x-forwarded-for': `${list}, 127.0.0.1`,
    })
  })

  it.for([
    { name: 'behind-trusted', ...settings['behind-trusted'], client: '192.168.0.1' },
    { name: 'behind-other', ...settings['behind-other'], client: '127.0.0.1' },
  ] as const)(
    'case 194: with trusted_ips $trusted_ips a PROXY header makes the client $client',
    async ({ name, client }) => {
      const socket = connect({ host: nodeOf(name).address, port: 8002 })
      socket.write(
        'PROXY TCP4 192.168.0.1 192.168.0.2 56324 8000\r\nGET / HTTP/1.1\r\nHost: headers.test\r\nConnection: close\r\n\r\n',
      )
      const answer = await text(socket)
      expect(/"x-real-ip":"([\d.]+)"/.exec(answer)?.[1]).toBe(client)
    },
  )

  it('case 195: X-Real-IP cannot be forged, and hop-by-hop headers stay behind', async () => {
    const node = nodeOf('plain')
    const { body } = await node.get('/', {
      host: 'headers.test',
      headers: { 'x-real-ip': '1.2.3.4', te: 'trailers', 'x-kept': 'yes', with_underscore: 'yes' },
    })
    expect(body['headers']).toMatchObject({
      'x-real-ip': '127.0.0.1',
      'x-kept': 'yes',
      with_underscore: 'yes',
    })
    expect(body['headers']).not.toHaveProperty('te')
  })
})

describe('protocols', () => {
  it('case 196: a route for https alone tells a plain client to upgrade', async () => {
    const node = nodeOf('plain')
    await openWebRoute(
      { node, cluster },
      { route: { hosts: ['secure.test'], protocols: ['https'] } },
    )
    const plain = await node.get('/', { host: 'secure.test' })
    expect(plain).toMatchObject({
      status: 426,
      body: { message: 'Please use HTTPS protocol' },
      headers: { connection: expect.stringContaining('Upgrade'), upgrade: 'TLS/1.2, HTTP/1.1' },
    })
    expect((await node.get('/', { host: 'secure.test', tls: {} })).status).toBe(200)
  })

  it.for([
    { name: 'wary', ...settings.wary, proto: 'https', status: 426 },
    { name: 'trusting', ...settings.trusting, proto: 'https', status: 200 },
    { name: 'trusting', ...settings.trusting, proto: 'httpsa', status: 426 },
  ] as const)(
    'case 197: with trusted_ips $trusted_ips a plain client that says $proto gets $status',
    async ({ name, proto, status }) => {
      const node = nodeOf(name)
      const host = `${name}-${proto}.test`
      await openWebRoute({ node, cluster }, { route: { hosts: [host], protocols: ['https'] } })
      const answer = await node.get('/', {
        host,
        headers: { 'x-forwarded-proto': proto },
      })
      expect(answer.status).toBe(status)
    },
  )

  it('case 198: an https upstream hears the Host as server name, and no address', async () => {
    const node = nodeOf('plain')
    const { address, ports } = cluster.echo
    const https = { protocol: 'https', host: address, port: ports.https }
    await openWebRoute(
      { node, cluster },
      {
        service: https,
        route: { hosts: ['kept.test'], preserve_host: true },
      },
    )
    await openWebRoute({ node, cluster }, { service: https, route: { hosts: ['changed.test'] } })
    await openWebRoute(
      { node, cluster },
      {
        service: { ...https, host: 'localhost' },
        route: { hosts: ['named.test'] },
      },
    )
    const names: unknown[] = []
    for (const host of ['kept.test', 'changed.test']) {
      // oxlint-disable-next-line no-await-in-loop
      names.push((await node.get('/', { host })).body['tls']?.serverName)
    }
    expect(names).toEqual(['kept.test', undefined])
  })
})

describe('what the node answers by itself', () => {
  it('case 199: a header line of 10 KiB is 494', async () => {
    const node = nodeOf('plain')
    const answer = await node.get('/', {
      host: 'headers.test',
      headers: { 'x-large': 'x'.repeat(10 * 1024) },
    })
    expect(answer).toMatchObject({
      status: 494,
      text: 'Request Header Or Cookie Too Large\n',
      headers: { server: expect.stringMatching(/^kong\//) },
    })
  })

  it('case 200: a timeout is told in the type that the client accepts', async () => {
    const node = nodeOf('behind-other')
    await openWebRoute(
      { node, cluster },
      {
        service: { read_timeout: 1 },
        route: { paths: ['/slow'], strip_path: false },
      },
    )
    const get = (accept?: string) =>
      node.get('/slow/delay/1', { method: 'GET', ...(accept && { headers: { accept } }) })
    const message = 'The upstream server is timing out'
    expect(await get()).toMatchObject({
      status: 504,
      text: expect.stringContaining(`<p>${message}.</p>`),
    })
    expect((await get('application/json')).body).toEqual({ message })
    expect((await get('application/xml')).text).toContain(
      `<error><message>${message}</message></error>`,
    )
    expect((await get('text/plain')).text).toBe(`${message}\n`)
    expect(await node.get('/slow/delay/1', { method: 'HEAD' })).toMatchObject({
      status: 504,
      text: '',
    })
  })

  it('case 201: no route is 404 with a sentence', async () => {
    const node = nodeOf('plain')
    expect(await node.get('/', { host: 'nobody.test' })).toMatchObject({
      status: 404,
      body: { message: 'no Route matched with those values' },
      headers: { server: 'kong/1.1.3' },
    })
  })

  it('case 202: a host that does not exist is 503', async () => {
    const node = nodeOf('plain')
    await openWebRoute(
      { node, cluster },
      {
        service: { host: 'does-not-exist.invalid' },
        route: { hosts: ['lost.test'] },
      },
    )
    expect(await node.get('/', { host: 'lost.test' })).toMatchObject({
      status: 503,
      body: { message: 'name resolution failed' },
    })
  })

  it('case 203: an upstream that takes too long to answer, or to take the body, is 504', async () => {
    const node = nodeOf('plain')
    await openWebRoute(
      { node, cluster },
      {
        service: { read_timeout: 50, retries: 0 },
        route: { paths: ['/read'], strip_path: false },
      },
    )
    expect((await node.get('/read/delay/2')).status).toBe(504)
  })
})

describe('headers of the answer', () => {
  const latencies = 'x-kong-upstream-latency x-kong-proxy-latency'
  it.for([
    { name: 'plain', headers: 'by default', tells: `via ${latencies}` },
    { name: 'trusting', ...settings.trusting, tells: '' },
    { name: 'wary', ...settings.wary, tells: 'via' },
    { name: 'recursive', ...settings.recursive, tells: latencies },
    { name: 'behind-trusted', ...settings['behind-trusted'], tells: 'x-kong-upstream-status' },
    { name: 'behind-other', ...settings['behind-other'], tells: 'via x-kong-proxy-latency' },
  ] as const)(
    'case 204: with headers $headers a proxied answer has $tells',
    async ({ name: who, tells: expected }) => {
      const node = nodeOf(who)
      const { headers } = await node.get('/', { host: 'headers.test' })
      const names = [
        'via',
        'x-kong-upstream-latency',
        'x-kong-proxy-latency',
        'x-kong-upstream-status',
      ]
      expect(names.filter((name) => headers[name] !== undefined).join(' ')).toBe(expected)
      const own = await node.get('/', { host: 'nobody.test' })
      const serverShown = expected.startsWith('via x-kong-u') || expected === 'via'
      expect(own.headers['server']).toBe(serverShown ? 'kong/1.1.3' : undefined)
      expect(own.headers['via']).toBeUndefined()
    },
  )

  it('case 205: the upstream’s status is told, and not when it was not asked', async () => {
    const node = nodeOf('behind-trusted')
    expect(
      (await node.get('/status/204', { host: 'headers.test' })).headers['x-kong-upstream-status'],
    ).toBe('204')
    const { service } = await openWebRoute(
      { node, cluster },
      { route: { hosts: ['guarded.test'] } },
    )
    await node.configure('POST', `/services/${service}/plugins`, { name: 'key-auth' })
    const refused = await node.get('/', { host: 'guarded.test' })
    expect([refused.status, refused.headers['x-kong-upstream-status']]).toEqual([401, undefined])
  })

  it('case 46: an injected add_header is on every answer', async () => {
    const node = nodeOf('behind-other')
    expect((await node.get('/', { host: 'headers.test' })).headers['foo-header']).toBe('bar-value')
  })

  it('Kong-Debug names the route and the service, and only then', async () => {
    const node = nodeOf('plain')
    const { service, route } = await openWebRoute(
      { node, cluster },
      {
        service: { name: 'named' },
        route: { hosts: ['debug.test'], name: 'the-route' },
      },
    )
    const traced = await node.get('/', { host: 'debug.test', headers: { 'kong-debug': '1' } })
    expect(traced.headers).toMatchObject({
      'kong-route-id': route,
      'kong-route-name': 'the-route',
      'kong-service-id': service,
      'kong-service-name': 'named',
    })
    const plain = await node.get('/', { host: 'debug.test' })
    expect(Object.keys(plain.headers).filter((name) => name.startsWith('kong-'))).toEqual([])
  })
})
