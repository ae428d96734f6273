import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLab, type Lab } from '#lab/lab.ts'
import { makeCertificate } from '#lab/services/certificate.ts'
import type { Topology } from '#lab/topology/topology.ts'

const timeoutMs = 120_000
const nodeCount = 200

/** Many networks with the same addresses in each, and two nodes that share one. */
const topology: Topology = {
  name: 'many',
  summary: 'Networks of their own.',
  namespaces: [...Array.from({ length: nodeCount }, (_, index) => `n${index}`), 'shared'].map(
    (name) => ({ name, routes: [] }),
  ),
  links: [],
  nodes: [
    ...Array.from({ length: nodeCount }, (_, index) => ({
      name: `n${index}`,
      kind: 'service' as const,
      namespace: `n${index}`,
      addresses: ['127.0.0.1'],
      processes: [],
    })),
    ...['127.0.0.2', '127.0.0.3'].map((address) => ({
      name: `at-${address}`,
      kind: 'service' as const,
      namespace: 'shared',
      addresses: [address],
      processes: [],
    })),
  ],
  interception: [],
  kong: undefined,
  tryNext: [],
}

let lab: Lab
beforeAll(async () => {
  lab = await openLab(topology, { bare: true, keyLog: true })
}, timeoutMs)
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
}, timeoutMs)

/** Serves HTTP with an answer that names the server and its client. */
async function serve(node: string, options: { readonly port: number; readonly tls?: boolean }) {
  const http = createServer((request, response) => {
    const { remoteAddress, remotePort } = request.socket
    response.end(JSON.stringify({ node, remoteAddress, remotePort, host: request.headers.host }))
  })
  const tls = options.tls === true ? { tls: await makeCertificate(node) } : {}
  const held = lab.node(node)
  await held.listen({
    port: options.port,
    ...tls,
    onConnection: (socket) => http.emit('connection', socket),
  })
  return held
}

describe('sockets in the networks of nodes', () => {
  it(
    'reach the one server of their own network, of 200 on the same address and port',
    { timeout: timeoutMs },
    async () => {
      const names = Array.from({ length: nodeCount }, (_, index) => `n${index}`)
      await using held = new AsyncDisposableStack()
      for (const server of await Promise.all(names.map((name) => serve(name, { port: 8080 })))) {
        held.use(server)
      }
      const answers = await Promise.all(
        names.map(async (name) => {
          const response = await held
            .use(lab.node(name))
            .fetch('http://127.0.0.1:8080/', { headers: { host: 'some.where' } })
          return response.json()
        }),
      )
      expect(answers).toEqual(
        names.map((node) => expect.objectContaining({ node, host: 'some.where' })),
      )
      const outside = connect(8080, '127.0.0.1')
      await expect(text(outside)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    },
  )

  it('come from the address of the node where networks are shared, unless told', async () => {
    await using _server = await serve('at-127.0.0.2', { port: 8081 })
    await using client = lab.node('at-127.0.0.3')
    const ask = async (source?: string): Promise<unknown> => {
      const init = source === undefined ? {} : { source }
      return (await client.fetch('http://127.0.0.2:8081/', init)).json()
    }
    expect(await ask()).toMatchObject({ remoteAddress: '127.0.0.3' })
    expect(await ask('127.0.0.9')).toMatchObject({ remoteAddress: '127.0.0.9' })
  })

  it('carry one request each, and one after the other where they are kept', async () => {
    await using _server = await serve('n0', { port: 8082 })
    const portsOf = async (keepAlive: boolean): Promise<readonly unknown[]> => {
      await using client = lab.node('n0', { keepAlive })
      const ports: unknown[] = []
      for (let request = 0; request < 3; request += 1) {
        const response = await client.fetch('http://127.0.0.1:8082/')
        const { remotePort }: { readonly remotePort?: number } = JSON.parse(await response.text())
        ports.push(remotePort)
      }
      return ports
    }
    expect(new Set(await portsOf(false)).size).toBe(3)
    expect(new Set(await portsOf(true)).size).toBe(1)
  })

  it('speak TLS, refuse a certificate that nobody vouches for, and log their secrets', async () => {
    await using _server = await serve('n1', { port: 8443, tls: true })
    await using client = lab.node('n1')
    const url = 'https://127.0.0.1:8443/'
    await expect(client.fetch(url)).rejects.toMatchObject({
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    const response = await client.fetch(url, { tls: { insecure: true, serverName: 'b.test' } })
    expect(await response.json()).toMatchObject({ node: 'n1' })
    const keys = readFileSync(join(lab.folder, 'tls-keys.log'), 'utf8')
    expect(keys).toMatch(/^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} /m)
  })

  it('end with the node that holds them', async () => {
    let seen = 0
    const client = lab.node('n2')
    await using server = await lab.node('n2').listen({
      onConnection: (socket) => {
        seen += 1
        socket.resume()
      },
    })
    const { address: host, port } = server
    const socket = await client.connect({ host, port })
    await expect.poll(() => seen).toBe(1)
    await client[Symbol.asyncDispose]()
    expect(socket.destroyed).toBe(true)
    await expect(client.connect({ host, port })).rejects.toThrow('not held any more')
    // Also while they are on their way.
    const other = lab.node('n2')
    const asking = expect(other.fetch(`http://${host}:${port}/`)).rejects.toThrow('fetch failed')
    await other[Symbol.asyncDispose]()
    await asking
  })

  it('are refused with a reason', async () => {
    await using client = lab.node('n3')
    expect(() => lab.node('nobody')).toThrow('The lab has no node "nobody"; it has n0, ')
    await expect(client.fetch('http://example.com/')).rejects.toThrow(
      '"example.com" is a name, and names are not looked up in a lab',
    )
    await expect(client.connect({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    await expect(client.connect({ host: '10.9.9.9', port: 1, source: '10.9.9.9' })).rejects.toThrow(
      /Cannot open a socket in n3: .*10\.9\.9\.9.*EADDRNOTAVAIL/,
    )
  })
})
