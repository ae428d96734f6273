import type { ConnectionOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import {
  connectTo,
  openTestServer,
  testStreamListener,
  type TestServer,
} from '#core/dataplane/stream/open-test-stream.ts'
import type { MeshMembership, MeshProspect } from '#core/model/mesh.ts'
import type { StreamFilter } from '#core/model/stream-filter.ts'
import { TestAuthority } from '#core/tls/test-authority.ts'
import { meet, type Met } from './meet-server.ts'
import {
  askNode,
  identities,
  openTestNode,
  openTestService,
  testNodeListener,
  toNode,
  type TestNode,
  type TestService,
} from './open-test-node.ts'

const mine = new TestAuthority('mine')
const joining: MeshProspect = { protocolPrefix: 'test/mesh/', timeoutMs: 60_000 }
const impatient: MeshProspect = { ...joining, timeoutMs: 50 }
const member = mine.issue('peer')
const peer: ConnectionOptions = {
  ALPNProtocols: [mine.protocol, 'http/1.1'],
  cert: member.certificate,
  key: member.privateKey,
}
const anybody: ConnectionOptions = { ALPNProtocols: ['http/1.1'] }

function membership(nodeId: string): MeshMembership {
  return { nodeId, authorities: [mine.member(nodeId)] }
}

/** Answers once and ends. */
async function openService(): Promise<TestService> {
  const heads: string[] = []
  const server = await openTestServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      heads.push(bytes.toString())
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  })
  return { ...server, heads, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** A node in front of a service, whose TLS listener is of this kind. */
function openServing(kind: Kind, service: TestServer, prospect = joining): Promise<TestNode> {
  const routes = [{ upstream: { target: service.target } }]
  return openTestNode(
    kind === 'http'
      ? testNodeListener({ routes, tls: true })
      : (seen) => testStreamListener([{ ...routes[0]!, filters: [noting(seen)] }], { identities }),
    { joining: prospect },
  )
}

function noting(seen: string[]): StreamFilter {
  return { preread: ({ arrival }) => void seen.push(arrival) }
}

function meetNode({ port }: TestNode, options: ConnectionOptions): Promise<Met> {
  return meet({ address: '127.0.0.1', port }, options)
}

const kinds = ['http', 'stream'] as const
type Kind = (typeof kinds)[number]

describe.each(kinds)('a %s listener of a node that is about to join its mesh', (kind) => {
  it('answers a peer when it is a member itself, and others at once', async () => {
    await using service = await openService()
    await using node = await openServing(kind, service)
    const held = meetNode(node, peer)
    let answered = false
    void held.then(() => (answered = true))
    // The peer came first; that this client was served shows that there was time to answer it.
    await expect.poll(() => node.dataplane.counters.accepted).toBe(1)
    expect(await meetNode(node, anybody)).toMatchObject({ serverName: 'usual.test' })
    expect(answered).toBe(false)
    expect(node.seen.map(arrivalOf)).toEqual(['client'])
    await node.apply({ joining: undefined, mesh: membership('b') })
    const met = await held
    expect(met).toMatchObject({ alpn: mine.protocol, serverName: 'b', alert: undefined })
    expect(met.text).toMatch(/ 200 /)
    expect(node.seen.map(arrivalOf)).toEqual(['client', 'mesh-peer'])
  })

  it('goes on waiting over changes of other things', async () => {
    await using service = await openService()
    await using node = await openServing(kind, service)
    const held = meetNode(node, peer)
    await expect.poll(() => node.dataplane.counters.accepted).toBe(1)
    await node.apply({ version: '2', joining })
    await node.apply({ joining: undefined, mesh: membership('b') })
    expect(await held).toMatchObject({ alpn: mine.protocol, serverName: 'b' })
  })

  it('refuses a peer by an alert when that takes too long, and serves it once it is a member', async () => {
    await using service = await openService()
    await using node = await openServing(kind, service, impatient)
    const refused = { text: '', alert: 80, serverName: undefined }
    expect(await meetNode(node, peer)).toMatchObject(refused)
    expect(await meetNode(node, peer)).toMatchObject(refused)
    expect(service.heads).toEqual([])
    expect(node.seen).toEqual([])
    expect(node.observer.lines).toContain(
      'fault A peer of the mesh was refused: this node is not a member yet',
    )
    await node.apply({ joining: undefined, mesh: membership('b') })
    expect(await meetNode(node, peer)).toMatchObject({ alpn: mine.protocol, serverName: 'b' })
  })

  it('is an ordinary server for a peer when it is to be a member no more', async () => {
    await using service = await openService()
    await using node = await openServing(kind, service)
    const held = meetNode(node, peer)
    await expect.poll(() => node.dataplane.counters.accepted).toBe(1)
    await node.apply({ joining: undefined })
    expect(await held).toMatchObject({ serverName: 'usual.test', alert: undefined })
    expect(node.seen.map(arrivalOf)).toEqual(['client'])
  })

  it('stops with a peer that waits', async () => {
    await using service = await openService()
    const node = await openServing(kind, service)
    const held = meetNode(node, peer)
    await expect.poll(() => node.dataplane.counters.accepted).toBe(1)
    await node[Symbol.asyncDispose]()
    expect(await held).toMatchObject({ text: '', serverName: undefined })
    expect(service.heads).toEqual([])
  })
})

describe('a node that is about to join its mesh and dials by TLS', () => {
  it('does so as a member, for a request', async () => {
    await using service = await openTestService()
    const serving = { routes: [{ upstream: { target: service.target } }], tls: true }
    await using second = await openTestNode(testNodeListener(serving), { mesh: membership('b') })
    const leading = { routes: [toNode(second.port)], keepAlive: 4 }
    await using first = await openTestNode(testNodeListener(leading), { joining })
    const answer = askNode(first.port, 'GET /1 HTTP/1.1\r\nHost: a')
    await expect.poll(() => first.seen.length).toBe(1)
    await first.apply({ joining: undefined, mesh: membership('a') })
    expect(await answer).toMatch(/ 200 /)
    expect(await askNode(first.port, 'GET /2 HTTP/1.1\r\nHost: a')).toMatch(/ 200 /)
    expect(second.seen).toEqual(['mesh-peer a -', 'mesh-peer a -'])
    // The first one's connection was kept as one of a member.
    expect(second.dataplane.counters.accepted).toBe(1)
  })

  it('does so as a member, for a stream', async () => {
    await using service = await openTestServer((socket) => socket.pipe(socket))
    await using second = await openTestNode(
      (seen) =>
        testStreamListener([{ upstream: { target: service.target }, filters: [noting(seen)] }], {
          identities,
        }),
      { mesh: membership('b') },
    )
    const upstream = { target: { host: '127.0.0.1', port: second.port }, transport: 'tls' } as const
    await using first = await openTestNode(
      (seen) => testStreamListener([{ upstream, filters: [noting(seen)] }]),
      { joining },
    )
    const client = await connectTo(first.port)
    client.end('through both')
    await expect.poll(() => first.seen.length).toBe(1)
    await first.apply({ joining: undefined, mesh: membership('a') })
    expect((await readAll(client)).toString()).toBe('through both')
    expect(second.seen).toEqual(['mesh-peer'])
    client.destroy()
  })

  it('does so as anybody when that takes too long', async () => {
    await using service = await openTestService()
    const serving = { routes: [{ upstream: { target: service.target } }], tls: true }
    await using second = await openTestNode(testNodeListener(serving), { mesh: membership('b') })
    const leading = { routes: [toNode(second.port)] }
    await using first = await openTestNode(testNodeListener(leading), { joining: impatient })
    const answer = await askNode(first.port, 'GET / HTTP/1.1\r\nHost: a')
    expect(answer).toMatch(/ 200 /)
    expect(second.seen.map(arrivalOf)).toEqual(['client'])
  })

  it('waits for nothing where it dials without TLS', async () => {
    await using service = await openTestService()
    const routes = [{ upstream: { target: service.target } }]
    await using node = await openTestNode(testNodeListener({ routes }), { joining })
    expect(await askNode(node.port, 'GET / HTTP/1.1\r\nHost: a')).toMatch(/ 200 /)
  })
})

function arrivalOf(line: string): string | undefined {
  return line.split(' ')[0]
}
