import { once } from 'node:events'
import { createServer } from 'node:https'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '#lab/services/certificate.ts'
import { ask, type Answer, type Question } from '#scenarios/support/ask.ts'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import { listen } from '#scenarios/support/listen.ts'
import { openNodePair, type NodePair } from '#scenarios/support/node-pair.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'

const stack = new AsyncDisposableStack()
let old: OldProxy
let pair: NodePair
beforeAll(async () => {
  old = stack.use(await openOldProxy())
  pair = stack.use(await openNodePair({ standsFor: `https://${old.address}:${old.port}` }))
})
afterAll(() => stack.disposeAsync())

describe('nodes of a mesh', () => {
  it('say that they are of a version that has it', async () => {
    const { version } = await pair.first.configure('GET', '/')
    expect(version).toMatch(/^1\.1\.\d+$/)
    expect((await pair.cluster.kong(['version'])).stdout.trim()).toBe(version)
  })

  it('are spoken to in ordinary TLS by a proxy in between that is older, and are first ones again', async () => {
    const { address, port } = old
    const mesh = await joinedMesh([pair.first, pair.second])
    old.sendTo({ address: pair.second.address, port: 8443 })

    const direct = await pair.openHop('https')
    const route = { hosts: ['older.test'], preserve_host: true }
    const around = await openWebRoute(
      { node: pair.first, cluster: pair.cluster },
      { service: { protocol: 'https', host: address, port }, route },
    )
    const append = { name: 'request-transformer', config: { append: { headers: ['x-ran:first'] } } }
    await pair.addPlugins(direct, [append])
    await pair.addPlugins(around, [append])
    const ran = async (host: string): Promise<readonly unknown[]> => {
      const { status, body } = await pair.first.get('/', { host })
      return [status, body['headers']?.['x-ran']]
    }
    expect(await ran(direct.host)).toEqual([200, 'first'])
    expect(await ran('older.test')).toEqual([200, 'first, first'])
    // The first node named the mesh, and no certificate of it: nobody had taken it up.
    expect(old.met()).toEqual([{ offered: [mesh, 'http/1.1'], certificate: false }])
  })
})

interface OldProxy extends AsyncDisposable {
  readonly address: string
  readonly port: number
  sendTo(target: Pick<Question, 'address' | 'port'>): void
  /** For each request, how its client came. */
  met(): readonly { readonly offered: readonly string[]; readonly certificate: boolean }[]
}

/** A proxy that ends TLS and makes its own, and has never heard of a mesh. */
async function openOldProxy(): Promise<OldProxy> {
  const address = '127.0.0.1'
  let target: Pick<Question, 'address' | 'port'> | undefined
  let offered: readonly string[] = []
  const met: { readonly offered: readonly string[]; readonly certificate: boolean }[] = []
  const identity = await makeCertificate('old-proxy')
  const tls = { ...identity, requestCert: true, rejectUnauthorized: false }
  const server = createServer({
    ...tls,
    ALPNCallback: ({ protocols }) => {
      offered = protocols
      return 'http/1.1'
    },
  })
  server.on('request', (request, response) => {
    const { socket, method = '', url: path = '', headers } = request
    const certificate = socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined
    met.push({ offered, certificate })
    const pass = (answer: Answer): void => {
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      response.end(answer.text)
    }
    const { host = '', 'x-ran': mark = [] } = headers
    if (target === undefined) return void response.writeHead(503).end()
    const question = { ...target, method, path, host, headers: { 'x-ran': mark } }
    ask({ ...question, tls: { serverName: host } }).then(pass, () => response.destroy())
  })
  const port = await listen(server, address)
  return {
    address,
    port,
    sendTo: (to) => {
      target = to
    },
    met: () => met,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
