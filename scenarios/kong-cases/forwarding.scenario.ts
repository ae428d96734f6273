import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
  type Settings,
} from '#scenarios/support/kong-cluster.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'

async function openNode(
  settings: Settings = {},
): Promise<{ cluster: KongCluster; node: KongNode } & AsyncDisposable> {
  const cluster = await openKongCluster()
  const node = await cluster.start('kong-a', settings)
  await openWebRoute({ node, cluster }, { route: { hosts: ['headers.test'] } })
  return { cluster, node, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() }
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
    await using given = await openNode()
    const plain = await given.node.get('/', { host: 'headers.test' })
    const secure = await given.node.get('/', { host: 'headers.test', tls: {} })
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
    await using given = await openNode({ trusted_ips: '127.0.0.1' })
    const { body } = await given.node.get('/', { host: 'headers.test', headers: told })
    expect(body['headers']).toMatchObject({ ...told, 'x-forwarded-for': '10.0.0.1, 127.0.0.1' })
  })

  it('case 192: of anybody else are replaced, but for the list of addresses', async () => {
    await using given = await openNode({ trusted_ips: '10.0.0.1' })
    const { body } = await given.node.get('/', { host: 'headers.test', headers: told })
    expect(body['headers']).toMatchObject({
      'x-real-ip': '127.0.0.1',
      'x-forwarded-for': '10.0.0.1, 127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'headers.test',
      'x-forwarded-port': '8000',
    })
  })

  it('case 193: the last address that is not trusted is the client', async () => {
    await using given = await openNode({
      trusted_ips: '127.0.0.1, 172.16.0.1, 192.168.0.1',
      real_ip_header: 'X-Forwarded-For',
      real_ip_recursive: 'on',
    })
    const list = '127.0.0.1, 10.0.0.1, 192.168.0.1, 127.0.0.1, 172.16.0.1'
    const { body } = await given.node.get('/', {
      host: 'headers.test',
      headers: { 'x-forwarded-for': list },
    })
    expect(body['headers']).toMatchObject({
      'x-real-ip': '10.0.0.1',
      'x-forwarded-for': `${list}, 127.0.0.1`,
    })
  })

  it.for([
    ['127.0.0.1', '192.168.0.1'],
    ['10.0.0.1', '127.0.0.1'],
  ] as const)(
    'case 194: with trusted_ips %s a PROXY header makes the client %s',
    async ([trusted_ips, client]) => {
      await using given = await openNode({
        trusted_ips,
        real_ip_header: 'proxy_protocol',
        proxy_listen: 'ADDRESS:8000 proxy_protocol',
      })
      const socket = connect({ host: given.node.address, port: 8000 })
      socket.write(
        'PROXY TCP4 192.168.0.1 192.168.0.2 56324 8000\r\nGET / HTTP/1.1\r\nHost: headers.test\r\nConnection: close\r\n\r\n',
      )
      const answer = await text(socket)
      expect(/"x-real-ip":"([\d.]+)"/.exec(answer)?.[1]).toBe(client)
    },
  )

  it('case 195: X-Real-IP cannot be forged, and hop-by-hop headers stay behind', async () => {
    await using given = await openNode()
    const { body } = await given.node.get('/', {
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
    await using given = await openNode()
    await openWebRoute(given, { route: { hosts: ['secure.test'], protocols: ['https'] } })
    const plain = await given.node.get('/', { host: 'secure.test' })
    expect(plain).toMatchObject({
      status: 426,
      body: { message: 'Please use HTTPS protocol' },
      headers: { connection: expect.stringContaining('Upgrade'), upgrade: 'TLS/1.2, HTTP/1.1' },
    })
    expect((await given.node.get('/', { host: 'secure.test', tls: {} })).status).toBe(200)
  })

  it.for([
    ['10.0.0.1', 'https', 426],
    ['127.0.0.1', 'https', 200],
    ['127.0.0.1', 'httpsa', 426],
  ] as const)(
    'case 197: with trusted_ips %s a plain client that says %s gets %d',
    async ([trusted_ips, proto, status]) => {
      await using given = await openNode({ trusted_ips })
      await openWebRoute(given, { route: { hosts: ['secure.test'], protocols: ['https'] } })
      const answer = await given.node.get('/', {
        host: 'secure.test',
        headers: { 'x-forwarded-proto': proto },
      })
      expect(answer.status).toBe(status)
    },
  )

  it('case 198: an https upstream hears the Host as server name, and no address', async () => {
    await using given = await openNode()
    const { address, ports } = given.cluster.echo
    const https = { protocol: 'https', host: address, port: ports.https }
    await openWebRoute(given, {
      service: https,
      route: { hosts: ['kept.test'], preserve_host: true },
    })
    await openWebRoute(given, { service: https, route: { hosts: ['changed.test'] } })
    await openWebRoute(given, {
      service: { ...https, host: 'localhost' },
      route: { hosts: ['named.test'] },
    })
    const names: unknown[] = []
    for (const host of ['kept.test', 'changed.test']) {
      // oxlint-disable-next-line no-await-in-loop
      names.push((await given.node.get('/', { host })).body['tls']?.serverName)
    }
    expect(names).toEqual(['kept.test', undefined])
  })
})

describe('what the node answers by itself', () => {
  it('case 199: a header line of 10 KiB is 494', async () => {
    await using given = await openNode()
    const answer = await given.node.get('/', {
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
    await using given = await openNode({ error_default_type: 'text/html' })
    await openWebRoute(given, {
      service: { read_timeout: 1 },
      route: { paths: ['/slow'], strip_path: false },
    })
    const get = (accept?: string) =>
      given.node.get('/slow/delay/1', { method: 'GET', ...(accept && { headers: { accept } }) })
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
    expect(await given.node.get('/slow/delay/1', { method: 'HEAD' })).toMatchObject({
      status: 504,
      text: '',
    })
  })

  it('case 201: no route is 404 with a sentence', async () => {
    await using given = await openNode()
    expect(await given.node.get('/', { host: 'nobody.test' })).toMatchObject({
      status: 404,
      body: { message: 'no Route matched with those values' },
      headers: { server: 'kong/1.1.3' },
    })
  })

  it('case 202: a host that does not exist is 503', async () => {
    await using given = await openNode()
    await openWebRoute(given, {
      service: { host: 'does-not-exist.invalid' },
      route: { hosts: ['lost.test'] },
    })
    expect(await given.node.get('/', { host: 'lost.test' })).toMatchObject({
      status: 503,
      body: { message: 'name resolution failed' },
    })
  })

  it('case 203: an upstream that takes too long to answer, or to take the body, is 504', async () => {
    await using given = await openNode()
    await openWebRoute(given, {
      service: { read_timeout: 50, retries: 0 },
      route: { paths: ['/read'], strip_path: false },
    })
    expect((await given.node.get('/read/delay/2')).status).toBe(504)
  })
})

describe('headers of the answer', () => {
  it.for([
    [{}, 'via x-kong-upstream-latency x-kong-proxy-latency'],
    [{ headers: 'off' }, ''],
    [{ headers: 'server_tokens' }, 'via'],
    [{ headers: 'latency_tokens' }, 'x-kong-upstream-latency x-kong-proxy-latency'],
    [{ headers: 'X-Kong-Upstream-Status' }, 'x-kong-upstream-status'],
    [{ headers: 'via, x-kong-proxy-latency' }, 'via x-kong-proxy-latency'],
  ] as const)('case 204: with %o a proxied answer has %s', async ([settings, expected]) => {
    await using given = await openNode(settings)
    const { headers } = await given.node.get('/', { host: 'headers.test' })
    const names = [
      'via',
      'x-kong-upstream-latency',
      'x-kong-proxy-latency',
      'x-kong-upstream-status',
    ]
    expect(names.filter((name) => headers[name] !== undefined).join(' ')).toBe(expected)
    const own = await given.node.get('/', { host: 'nobody.test' })
    const serverShown = expected.startsWith('via x-kong-u') || expected === 'via'
    expect(own.headers['server']).toBe(serverShown ? 'kong/1.1.3' : undefined)
    expect(own.headers['via']).toBeUndefined()
  })

  it('case 205: the upstream’s status is told, and not when it was not asked', async () => {
    await using given = await openNode({ headers: 'X-Kong-Upstream-Status' })
    expect(
      (await given.node.get('/status/204', { host: 'headers.test' })).headers[
        'x-kong-upstream-status'
      ],
    ).toBe('204')
    const { service } = await openWebRoute(given, { route: { hosts: ['guarded.test'] } })
    await given.node.configure('POST', `/services/${service}/plugins`, { name: 'key-auth' })
    const refused = await given.node.get('/', { host: 'guarded.test' })
    expect([refused.status, refused.headers['x-kong-upstream-status']]).toEqual([401, undefined])
  })

  it('case 46: an injected add_header is on every answer', async () => {
    await using given = await openNode({ nginx_proxy_add_header: 'foo-header bar-value' })
    expect((await given.node.get('/', { host: 'headers.test' })).headers['foo-header']).toBe(
      'bar-value',
    )
  })

  it('Kong-Debug names the route and the service, and only then', async () => {
    await using given = await openNode()
    const { service, route } = await openWebRoute(given, {
      service: { name: 'named' },
      route: { hosts: ['debug.test'], name: 'the-route' },
    })
    const traced = await given.node.get('/', { host: 'debug.test', headers: { 'kong-debug': '1' } })
    expect(traced.headers).toMatchObject({
      'kong-route-id': route,
      'kong-route-name': 'the-route',
      'kong-service-id': service,
      'kong-service-name': 'named',
    })
    const plain = await given.node.get('/', { host: 'debug.test' })
    expect(Object.keys(plain.headers).filter((name) => name.startsWith('kong-'))).toEqual([])
  })
})
