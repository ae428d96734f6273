import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import type { TestRoute } from '#core/dataplane/http/open-test-proxy.ts'
import {
  connectTo,
  openTestServer,
  testStreamListener,
} from '#core/dataplane/stream/open-test-stream.ts'
import type { AddressRewrite, MeshMembership } from '#core/model/mesh.ts'
import type { Snapshot } from '#core/model/snapshot.ts'
import { TestAuthority } from '#core/tls/test-authority.ts'
import {
  askNode,
  identities,
  openTestNode,
  openTestService,
  testNodeListener,
  toNode,
} from './open-test-node.ts'

const mine = new TestAuthority('mine')
const next = new TestAuthority('next')

function membership(nodeId: string, authority = mine): MeshMembership {
  return { nodeId, authorities: [authority.member(nodeId)] }
}

describe('a request that passes two nodes of a mesh', () => {
  it('is routed by the Host that the client named, and comes without traces of the mesh', async () => {
    await using service = await openTestService()
    const match = { hosts: ['shop.test'] }
    const serving = { routes: [{ match, upstream: { target: service.target } }], tls: true }
    await using second = await openTestNode(testNodeListener(serving), { mesh: membership('b') })
    const leading = { routes: [toNode(second.port)] }
    await using first = await openTestNode(testNodeListener(leading), { mesh: membership('a') })
    const answer = await askNode(first.port, 'GET /x HTTP/1.1\r\nHost: Shop.test:8000')
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(first.seen).toEqual(['client Shop.test:8000 -'])
    expect(second.seen).toEqual(['mesh-peer shop.test -'])
    const [head = ''] = service.heads
    expect(head).toContain('X-Forwarded-Host: shop.test\r\n')
    expect(head).toContain('X-Forwarded-Proto: https\r\n')
    expect(head).toContain(`X-Forwarded-Port: ${second.port}\r\n`)
    expect(head).toContain('X-Forwarded-For: 127.0.0.1, 127.0.0.1\r\n')
    expect(head.toLowerCase()).not.toContain('mesh')

    // The control: for a node of no mesh it has the Host that the first node gave it, and nobody takes it.
    await second.apply({ mesh: undefined })
    expect(await askNode(first.port, 'GET /x HTTP/1.1\r\nHost: Shop.test:8000')).toMatch(/ 404 /)
    expect(second.seen.at(-1)).toBe(`client 127.0.0.1:${second.port} -`)
  })

  it('is answered with 500 when the first node does not say which Host that was', async () => {
    await using service = await openTestService()
    const serving = { routes: [{ upstream: { target: service.target } }], tls: true }
    await using node = await openTestNode(testNodeListener(serving), { mesh: membership('b') })
    const { certificate, privateKey } = mine.issue('peer')
    const talk = async (head: string): Promise<string> => {
      const client = connectTls({
        port: node.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ALPNProtocols: [mine.protocol],
        cert: certificate,
        key: privateKey,
      })
      await once(client, 'secureConnect')
      client.write(`${head}\r\nConnection: close\r\n\r\n`)
      return (await readAll(client)).toString()
    }
    expect(await talk('GET / HTTP/1.1\r\nHost: a')).toMatch(/ 500 /)
    expect(node.observer.lines).toContain(
      'fault A peer of the mesh sent a request without X-Forwarded-Host',
    )
    expect(node.seen).toEqual([])
    expect(service.heads).toEqual([])
    expect(await talk('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: b')).toMatch(/ 200 /)
  })

  it('takes another connection once the mesh has another authority', async () => {
    await using service = await openTestService()
    const serving = { routes: [{ upstream: { target: service.target } }], tls: true }
    await using second = await openTestNode(testNodeListener(serving), { mesh: membership('b') })
    const leading = { routes: [toNode(second.port)], keepAlive: 4 }
    await using first = await openTestNode(testNodeListener(leading), { mesh: membership('a') })
    const accepted = (): number => second.dataplane.counters.accepted
    await askNode(first.port, 'GET /1 HTTP/1.1\r\nHost: a')
    await askNode(first.port, 'GET /2 HTTP/1.1\r\nHost: a')
    expect(accepted()).toBe(1)
    const both = [next.member('b'), mine.member('b')] as const
    await second.apply({ mesh: { authorities: both } })
    await askNode(first.port, 'GET /3 HTTP/1.1\r\nHost: a')
    expect(accepted()).toBe(1)
    await first.apply({ mesh: { authorities: [next.member('a'), mine.member('a')] } })
    expect(await askNode(first.port, 'GET /4 HTTP/1.1\r\nHost: a')).toMatch(/ 200 /)
    expect(accepted()).toBe(2)
    expect(second.seen).toEqual(Array.from({ length: 4 }, () => 'mesh-peer a -'))
  })

  it('leaves no connection behind that it was under way on when the authority changed', async () => {
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
    const { promise: answer, resolve: letAnswer } = Promise.withResolvers<void>()
    await using service = await openTestServer((socket) => {
      socket.on('data', () => {
        onAsked()
        void answer.then(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      })
      socket.on('end', () => socket.end())
    })
    const serving = { routes: [{ upstream: { target: service.target } }], tls: true }
    const both = { authorities: [mine.member('b'), next.member('b')] } as const
    await using second = await openTestNode(testNodeListener(serving), { mesh: both })
    const leading = { routes: [toNode(second.port)], keepAlive: 4 }
    await using first = await openTestNode(testNodeListener(leading), { mesh: membership('a') })
    const slow = askNode(first.port, 'GET /1 HTTP/1.1\r\nHost: a')
    await asked
    await first.apply({ mesh: membership('a', next) })
    letAnswer()
    expect(await slow).toMatch(/ 200 /)
    expect(second.dataplane.counters.accepted).toBe(1)
    expect(await askNode(first.port, 'GET /2 HTTP/1.1\r\nHost: a')).toMatch(/ 200 /)
    expect(second.dataplane.counters.accepted).toBe(2)
    expect(await askNode(first.port, 'GET /3 HTTP/1.1\r\nHost: a')).toMatch(/ 200 /)
    expect(second.dataplane.counters.accepted).toBe(2)
  })

  it('comes by a connection that ends with the authority it was made by, after one more request', async () => {
    await using service = await openTestService()
    const serving = { routes: [{ upstream: { target: service.target } }], tls: true }
    await using second = await openTestNode(testNodeListener(serving), { mesh: membership('b') })
    const leading = { routes: [toNode(second.port)], keepAlive: 4 }
    await using first = await openTestNode(testNodeListener(leading), { mesh: membership('a') })
    await askNode(first.port, 'GET /1 HTTP/1.1\r\nHost: a')
    await second.apply({ mesh: membership('b', next) })
    expect(await askNode(first.port, 'GET /2 HTTP/1.1\r\nHost: a')).toMatch(/ 200 /)
    expect(second.dataplane.counters.accepted).toBe(1)
    expect(await askNode(first.port, 'GET /3 HTTP/1.1\r\nHost: a')).toMatch(/ 200 /)
    expect(second.dataplane.counters.accepted).toBe(2)
    // They have no authority in common any more.
    expect(second.seen.map((line) => line.split(' ')[0])).toEqual([
      'mesh-peer',
      'mesh-peer',
      'client',
    ])
  })

  it('comes as from anybody at most once more to a node that has become a member meanwhile', async () => {
    await using service = await openTestService()
    const serving = { routes: [{ upstream: { target: service.target } }], tls: true }
    await using second = await openTestNode(testNodeListener(serving))
    const leading = { routes: [toNode(second.port)], keepAlive: 4 }
    await using first = await openTestNode(testNodeListener(leading), { mesh: membership('a') })
    await askNode(first.port, 'GET /1 HTTP/1.1\r\nHost: a')
    await second.apply({ mesh: membership('b') })
    for (const path of ['/2', '/3', '/4']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, on the connection of the one before
      expect(await askNode(first.port, `GET ${path} HTTP/1.1\r\nHost: a`)).toMatch(/ 200 /)
    }
    const arrivals = second.seen.map((line) => line.split(' ')[0])
    expect(arrivals).toEqual(['client', 'client', 'mesh-peer', 'mesh-peer'])
    expect(second.dataplane.counters.accepted).toBe(2)
  })

  it('is not lost while the authority is replaced, in whichever order the nodes learn of it', async () => {
    await using service = await openTestService()
    const serving = { routes: [{ upstream: { target: service.target } }], tls: true }
    await using second = await openTestNode(testNodeListener(serving), { mesh: membership('b') })
    const leading = { routes: [toNode(second.port)], keepAlive: 16 }
    await using first = await openTestNode(testNodeListener(leading), { mesh: membership('a') })
    const over = new AbortController()
    const answers = new Map<string, number>()
    const load = Array.from({ length: 6 }, async () => {
      while (!over.signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- a client asks for one thing after the other
        const answer = await askNode(first.port, 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0')
        const [line = ''] = answer.split('\r\n')
        answers.set(line, (answers.get(line) ?? 0) + 1)
      }
    })
    const stages = (name: string): readonly MeshMembership[] => {
      const [old, modern] = [mine.member(name), next.member(name)]
      return [{ authorities: [modern, old] }, { authorities: [modern] }]
    }
    const enough = async (): Promise<void> => {
      const wanted = (answers.get('HTTP/1.1 200 OK') ?? 0) + 30
      await expect.poll(() => answers.get('HTTP/1.1 200 OK') ?? 0).toBeGreaterThan(wanted)
    }
    const [bothA, newA] = stages('a')
    const [bothB, newB] = stages('b')
    await enough()
    await first.apply({ mesh: bothA! })
    await enough()
    await second.apply({ mesh: bothB! })
    await enough()
    await second.apply({ mesh: newB! })
    await enough()
    await first.apply({ mesh: newA! })
    await enough()
    over.abort()
    await Promise.all(load)
    expect([...answers.keys()]).toEqual(['HTTP/1.1 200 OK'])
    expect(new Set(second.seen)).toEqual(new Set(['mesh-peer a -']))
  })
})

describe('a request that goes round in circles', () => {
  it('is refused with 508 by the node that sees it again, which says where it came through', async () => {
    const nowhere: readonly TestRoute[] = [{ match: { hosts: ['nobody.test'] } }]
    await using first = await openTestNode(testNodeListener({ routes: nowhere, tls: true }))
    await using second = await openTestNode(
      testNodeListener({ routes: [toNode(first.port)], tls: true }),
      {
        mesh: membership('b'),
      },
    )
    const leading = testNodeListener({ routes: [toNode(second.port)], tls: true })
    await first.apply({ listeners: [leading([])], mesh: membership('a') })
    const client = connectTls({ port: first.port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(client, 'secureConnect')
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect((await readAll(client)).toString()).toMatch(/^HTTP\/1.1 508 /)
    const loops = first.observer.lines.filter((line) => line.includes('Loop'))
    expect(loops).toEqual([
      'fault Loop: the request came by this node before (a/r1 -> b/r1 -> a/r1)',
    ])
    expect(second.dataplane.counters.requests).toBe(1)
  })

  it('may pass a node twice by different routes', async () => {
    await using service = await openTestService()
    const listener = { routes: [{ match: { hosts: ['nobody.test'] } }], tls: true }
    await using first = await openTestNode(testNodeListener(listener))
    const basePath = '/round'
    const routes = [{ ...toNode(first.port), forward: { basePath } }]
    await using second = await openTestNode(testNodeListener({ routes, tls: true }), {
      mesh: membership('b'),
    })
    const paths = (prefix: string) => ({ paths: [{ kind: 'prefix', prefix } as const] })
    const firstRoutes: readonly TestRoute[] = [
      { match: paths('/'), ...toNode(second.port) },
      { match: paths('/round'), upstream: { target: service.target } },
    ]
    const changed = testNodeListener({ routes: firstRoutes, tls: true })([])
    await first.apply({ listeners: [changed], mesh: membership('a') })
    const client = connectTls({ port: first.port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(client, 'secureConnect')
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect((await readAll(client)).toString()).toMatch(/^HTTP\/1.1 200 /)
    expect(service.heads).toHaveLength(1)
  })

  it('cannot be feigned by a client, and is not told of to others than nodes of the mesh', async () => {
    await using service = await openTestService()
    const routes = [{ upstream: { target: service.target } }]
    await using node = await openTestNode(testNodeListener({ routes }), { mesh: membership('a') })
    const answer = await askNode(node.port, 'GET / HTTP/1.1\r\nHost: a\r\nMesh-Passage: a/r1')
    expect(answer).toMatch(/ 200 /)
    expect(service.heads[0]!.toLowerCase()).not.toContain('mesh-passage')
  })
})

function rewriting(from: AddressRewrite['from'], to: AddressRewrite['to']): Partial<Snapshot> {
  return { rewrites: [{ from, to }] }
}

describe('an address that stands for another one', () => {
  const from = { scheme: 'http', host: 'svc.test', port: 80 }
  const service80 = { target: { host: 'svc.test', port: 80 } }

  it('is dialled in its place, under its name, by the path and with the body of the route', async () => {
    await using service = await openTestService()
    const { port } = service.target
    const routes = [{ upstream: service80, forward: { basePath: '/base/' } }]
    const to = { scheme: 'http', host: '127.0.0.1', port }
    await using node = await openTestNode(testNodeListener({ routes }), rewriting(from, to))
    expect(await askNode(node.port, 'GET /x HTTP/1.1\r\nHost: a')).toMatch(/ 200 /)
    expect(service.heads[0]).toContain(`GET /base/x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`)
  })

  it('keeps the Host of the client where the route does', async () => {
    await using service = await openTestService()
    const routes = [{ upstream: service80, forward: { preserveHost: true } }]
    const to = { scheme: 'http', host: '127.0.0.1', port: service.target.port }
    await using node = await openTestNode(testNodeListener({ routes }), rewriting(from, to))
    await askNode(node.port, 'GET /x HTTP/1.1\r\nHost: a.test:99')
    expect(service.heads[0]).toContain('Host: a.test:99\r\n')
  })

  it('is found where the client names it and no service does', async () => {
    await using service = await openTestService()
    const to = { scheme: 'http', host: '127.0.0.1', port: service.target.port }
    const routes = [{ upstream: { transport: 'same-as-client' } as const }]
    await using node = await openTestNode(testNodeListener({ routes }), rewriting(from, to))
    expect(await askNode(node.port, 'GET /x HTTP/1.1\r\nHost: svc.test')).toMatch(/ 200 /)
  })

  it('is answered with 500 and a line in the log where no HTTP is spoken', async () => {
    await using service = await openTestService()
    const to = { scheme: 'tcp', host: '127.0.0.1', port: service.target.port }
    await using node = await openTestNode(
      testNodeListener({ routes: [{ upstream: service80 }] }),
      rewriting(from, to),
    )
    expect(await askNode(node.port, 'GET /x HTTP/1.1\r\nHost: a')).toMatch(/ 500 /)
    expect(node.observer.lines.join('\n')).toContain('http://svc.test:80 stands for tcp://')
    expect(service.heads).toEqual([])
  })
})

describe('a stream that passes two nodes of a mesh', () => {
  it('is plain, then mutual TLS, then plain again where an address stands for another one', async () => {
    await using service = await openTestServer((socket) => socket.pipe(socket))
    const seen: string[] = []
    const noting = (node: string) => ({
      preread: ({
        arrival,
        encrypted,
      }: {
        readonly arrival: string
        readonly encrypted: boolean
      }) => void seen.push(`${node} ${arrival} ${encrypted ? 'tls' : 'tcp'}`),
    })
    const target = { host: 'svc.test', port: 8443 }
    const upstream = { target, transport: 'tls' } as const
    const from = { scheme: 'tls', ...target }
    await using second = await openTestNode(
      () => testStreamListener([{ upstream, filters: [noting('b')] }], { identities }),
      {
        mesh: membership('b'),
        ...rewriting(from, { scheme: 'tcp', ...service.target }),
      },
    )
    await using first = await openTestNode(
      () => testStreamListener([{ upstream, filters: [noting('a')] }]),
      {
        mesh: membership('a'),
        ...rewriting(from, { scheme: 'tls', host: '127.0.0.1', port: second.port }),
      },
    )
    const client = await connectTo(first.port)
    client.end('through all of them')
    expect((await readAll(client)).toString()).toBe('through all of them')
    expect(seen).toEqual(['a client tcp', 'b mesh-peer tls'])
    client.destroy()
  })

  it('is closed with a line in the log where an address stands for no stream', async () => {
    const target = { host: 'svc.test', port: 80 }
    const to = { scheme: 'http', host: '127.0.0.1', port: 1 }
    await using node = await openTestNode(
      () => testStreamListener([{ upstream: { target } }]),
      rewriting({ scheme: 'tcp', ...target }, to),
    )
    const client = connect({ port: node.port, host: '127.0.0.1' }).on('error', () => {})
    await node.observer.until('finished 500')
    expect(node.observer.lines.join('\n')).toContain('tcp://svc.test:80 stands for http://')
    client.destroy()
  })

  it('hears a server that speaks first under TLS alone, however late the peer begins it', async () => {
    const greeted = Promise.withResolvers<void>()
    await using service = await openTestServer((socket) => {
      socket.end('greeting', () => greeted.resolve())
    })
    await using node = await openTestNode(() => testStreamListener([]), { mesh: membership('b') })
    const { port } = node
    const routes = [
      { upstream: { target: service.target } },
      // What other nodes dial here.
      { upstream: { target: { host: 'svc.test', port }, transport: 'tls' } as const },
    ]
    const firstBytesTimeoutMs = 5000
    await node.apply({
      listeners: [testStreamListener(routes, { port, identities, firstBytesTimeoutMs })],
    })
    const socket = await connectTo(node.port)
    await greeted.promise
    // Longer than a server is kept from a client where no peer is expected.
    await sleep(150)
    const [member] = membership('a').authorities
    const peer = connectTls({
      socket,
      ca: member.certificate,
      cert: member.identity.certificate,
      key: member.identity.privateKey,
      ALPNProtocols: [member.protocol],
      checkServerIdentity: () => undefined,
    })
    expect((await readAll(peer)).toString()).toBe('greeting')
    expect(peer.alpnProtocol).toBe(member.protocol)
    peer.destroy()
  })

  it('leaves a silent client little time to begin TLS where no peer is expected', async () => {
    await using service = await openTestServer((socket) => socket.end('greeting'))
    const routes = [{ upstream: { target: service.target } }]
    await using node = await openTestNode(
      () => testStreamListener(routes, { identities, firstBytesTimeoutMs: 60_000 }),
      { mesh: membership('b') },
    )
    const startedMs = performance.now()
    const client = await connectTo(node.port)
    expect((await readAll(client)).toString()).toBe('greeting')
    expect(performance.now() - startedMs).toBeGreaterThan(90)
    client.destroy()
  })
})
