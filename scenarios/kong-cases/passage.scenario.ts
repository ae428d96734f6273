import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '#scenarios/support/listen.ts'
import { openNodePair, type NodePair } from '#scenarios/support/node-pair.ts'
import { askStream } from '#scenarios/support/stream-client.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'
import {
  clusterAuthority,
  issueBy,
  protocolIdOf,
  type ClusterAuthority,
} from './cluster-authority.ts'

let pair: NodePair
let authority: ClusterAuthority
beforeAll(async () => {
  pair = await openNodePair({ first: { stream_listen: 'ADDRESS:9000', log_level: 'debug' } })
  authority = await clusterAuthority(pair.cluster.folder)
})
afterAll(() => pair[Symbol.asyncDispose]())

describe('the way of a request through the mesh', () => {
  it('is told to members, and to nobody outside', async () => {
    const hop = await pair.openHop('https')
    const { status, body } = await pair.first.get('/', { host: hop.host })
    expect(status).toBe(200)
    expect(body['headers']).not.toHaveProperty('mesh-passage')

    await using member = await openMember()
    const service = { protocol: 'https', host: member.address, port: member.port, retries: 0 }
    await openWebRoute(
      { node: pair.first, cluster: pair.cluster },
      { service, route: { hosts: ['told.test'] } },
    )
    await expect
      .poll(async () => (await pair.first.get('/', { host: 'told.test' })).status)
      .toBe(200)
    expect(member.heard()).toMatch(/^mesh-passage: [\da-f-]{36}\/[\da-f-]{36}\r$/im)
    expect(member.heard()).toMatch(/^x-forwarded-host: told\.test\r$/im)
  })

  it('begins with a member that says for which host it asks; one that does not is refused', async () => {
    const hop = await pair.openHop('https')
    const host = `Host: ${pair.second.address}`
    expect(await askAsMember([host, `X-Forwarded-Host: ${hop.host}`])).toMatch(/^HTTP\/1\.1 200 /)
    expect(await askAsMember([`Host: ${hop.host}`])).toMatch(/^HTTP\/1\.1 500 /)
    await expect
      .poll(() => pair.second.log('error.log'))
      .toContain('A peer of the mesh sent a request without X-Forwarded-Host')
  })
})

describe('a node that dials itself', () => {
  it('notices at once that a stream comes round', async () => {
    const node = pair.first
    const { id } = await node.configure('POST', '/services', {
      protocol: 'tcp',
      host: node.address,
      port: 9000,
      retries: 0,
    })
    await node.configure('POST', `/services/${id}/routes`, {
      protocols: ['tcp'],
      destinations: [{ port: 9000 }],
    })
    const asked = await askStream({ address: node.address, port: 9000, send: 'round' }).catch(
      () => ({ text: '' }),
    )
    expect(asked.text).toBe('')
    await expect.poll(() => node.log('error.log')).toContain('Loop: the proxy dialled itself')
    const dialled = (await node.log('error.log')).split(
      `setting address (try 1): ${node.address}:9000`,
    )
    expect(dialled.length - 1).toBe(1)
  })
})

/** What the second node answers a member of its mesh that sends these headers. */
async function askAsMember(headers: readonly string[]): Promise<string> {
  const socket = connect({
    host: pair.second.address,
    port: 8443,
    rejectUnauthorized: false,
    ALPNProtocols: [protocolIdOf(authority)],
    ...issueBy(authority),
  })
  const lines = ['GET / HTTP/1.1', ...headers, 'Connection: close']
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  return text(socket)
}

interface Member extends AsyncDisposable {
  readonly address: string
  readonly port: number
  /** All that was said to it. */
  heard(): string
}

/** A member of the mesh that answers any request. */
async function openMember(): Promise<Member> {
  const address = '127.0.0.1'
  let heard = ''
  const server = createServer({
    ...issueBy(authority),
    ca: authority.cert,
    ALPNProtocols: [protocolIdOf(authority)],
    requestCert: true,
    rejectUnauthorized: true,
  })
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes: Buffer) => {
      heard += String(bytes)
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  })
  return {
    address,
    port: await listen(server, address),
    heard: () => heard,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
