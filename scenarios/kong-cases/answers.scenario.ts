import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened))

describe('the host of an absolute request target', () => {
  it('counts for the route', async () => {
    await openWebRoute({ node, cluster }, { route: { hosts: ['target.test'] } })
    const answer = await raw(`GET http://target.test/x?y HTTP/1.1\r\nHost: ${node.address}:8000`)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('"path":"/x?y"')
    expect(answer).toContain('"X-Forwarded-Host","target.test"')
    expect(await raw('GET http://other.test/x HTTP/1.1\r\nHost: other.test')).toMatch(
      /^HTTP\/1\.1 404 /,
    )
  })

  it('cases 36, 37: is where a route without a service leads, when Host names the node', async () => {
    const { address, ports } = cluster.echo
    await node.configure('POST', '/routes', { hosts: [address], paths: ['/serviceless'] })
    const answer = await raw(
      `GET http://${address}:${ports.http}/serviceless HTTP/1.1\r\nHost: ${node.address}:8000`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('Via: kong/1.1.3')
    expect(answer).toContain(`"Host","${address}:${ports.http}"`)
    expect(answer).toContain('"X-Forwarded-Port","8000"')
  })

  it('is refused, and the connection closed, when Host names a third place', async () => {
    const { address, ports } = cluster.echo
    const answer = await raw(
      `GET http://${address}:${ports.http}/serviceless HTTP/1.1\r\nHost: elsewhere.test`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('Connection: close')
  })
})

describe('an upstream that misbehaves', () => {
  it.each([
    ['resets before it answers', 'GET', undefined, 502, 3],
    ['resets before it answers a POST', 'POST', undefined, 502, 1],
    ['answers with something else', 'GET', 'nonsense\r\n\r\n', 502, 1],
    ['ends in the middle of its head', 'GET', 'HTTP/1.1 200 OK\r\nX: ', 502, 3],
  ])('that %s is asked as often as is safe', async (_, method, says, status, asked) => {
    const host = `u${seen++}.test`
    await using upstream = await openUpstream((socket) => {
      if (says === undefined) socket.resetAndDestroy()
      else socket.end(says)
    })
    await openWebRoute(
      { node, cluster },
      { service: { port: upstream.port, retries: 2 }, route: { hosts: [host] } },
    )
    const answer = await node.get('/', { host, method, ...(method === 'POST' && { body: 'x' }) })
    expect([answer.status, upstream.asked()]).toEqual([status, asked])
    expect(answer.text).toBe('An invalid response was received from the upstream server\n')
  })

  it('keeps its own reason phrase, Server and Date; hop-by-hop headers and its Via go', async () => {
    await using upstream = await openUpstream((socket) =>
      socket.end(
        'HTTP/1.1 299 Very Own\r\nServer: own\r\nDate: then\r\nVia: 1.1 up\r\nConnection: x-hop\r\nX-Hop: 1\r\nContent-Length: 0\r\n\r\n',
      ),
    )
    await openWebRoute(
      { node, cluster },
      { service: { port: upstream.port }, route: { hosts: ['own.test'] } },
    )
    const answer = await raw('GET / HTTP/1.1\r\nHost: own.test')
    expect(answer).toMatch(/^HTTP\/1\.1 299 Very Own\r\n/)
    expect(answer.match(/^(?:Server|Date|Via): .*$/gm)).toEqual([
      'Server: own',
      'Date: then',
      'Via: kong/1.1.3',
    ])
    expect(answer).not.toContain('X-Hop')
  })
})

describe('an answer of the node itself', () => {
  it.each([
    [503, 'HTTP/1.1 503 Service Temporarily Unavailable'],
    [413, 'HTTP/1.1 413 Request Entity Too Large'],
    [504, 'HTTP/1.1 504 Gateway Time-out'],
  ])('with %i from a plugin is called by nginx’s name', async (status, line) => {
    const host = `called-${status}.test`
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: [host] } })
    await node.configure('POST', `/routes/${route}/plugins`, {
      name: 'request-termination',
      config: { status_code: status },
    })
    const [first] = (await raw(`GET / HTTP/1.1\r\nHost: ${host}`)).split('\r\n')
    expect(first).toBe(line)
  })

  it('takes an empty key for a missing one', async () => {
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: ['empty.test'] } })
    await node.configure('POST', `/routes/${route}/plugins`, { name: 'key-auth' })
    const ask = (value: string): ReturnType<KongNode['get']> =>
      node.get('/', { host: 'empty.test', headers: { apikey: value } })
    const empty = await ask('')
    expect([empty.body['message'], empty.headers['www-authenticate']]).toEqual([
      'No API key found in request',
      'Key realm="kong"',
    ])
    expect((await ask('unknown')).body['message']).toBe('Invalid authentication credentials')
  })
})

let seen = 0

interface Upstream extends AsyncDisposable {
  readonly port: number
  /** How many requests have come. */
  asked(): number
}

async function openUpstream(answer: (socket: Socket) => void): Promise<Upstream> {
  let asked = 0
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => {
      asked += 1
      answer(socket)
    })
  })
  server.listen(0, cluster.echo.address)
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return {
    port: bound.port,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

async function raw(head: string): Promise<string> {
  const socket = connect({ host: node.address, port: 8000 })
  socket.write(`${head}\r\nConnection: close\r\n\r\n`)
  return text(socket)
}
