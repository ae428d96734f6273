import { once } from 'node:events'
import { connect, type SecureVersion } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
} from '#scenarios/support/kong-cluster.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'
import {
  clusterAuthority,
  foreignAuthority,
  issueBy,
  protocolIdOf,
  selfSigned,
  type ClusterAuthority,
} from './cluster-authority.ts'
import {
  alertNumber,
  openService,
  openTlsServer,
  type CountingServer,
  type TlsServer,
} from './counting-servers.ts'

const stack = new AsyncDisposableStack()
let cluster: KongCluster
let node: KongNode
let authority: ClusterAuthority
let protocol: string
let service: CountingServer
beforeAll(async () => {
  cluster = stack.use(await openKongCluster())
  node = await cluster.start('kong-a', {
    stream_listen: 'ADDRESS:9443',
  })
  await joinedMesh([node])
  authority = await clusterAuthority(cluster.folder)
  protocol = protocolIdOf(authority)
  service = stack.use(await openService())
  const target = { host: service.address, port: service.port }
  await openWebRoute({ node, cluster }, { service: target, route: { hosts: ['peer.test'] } })
  const stream = await node.configure('POST', '/services', { protocol: 'tcp', ...target })
  await node.configure('POST', `/services/${stream['id']}/routes`, {
    protocols: ['tcp', 'tls'],
    destinations: [{ port: 9443 }],
  })
  await heardOfChanges(node, [node])
})
afterAll(() => stack.disposeAsync())

/** What somebody shows who is no member, and the alert that RFC 8446 and RFC 5246 have for it. */
const impostors: readonly Impostor[] = [
  {
    what: 'signed by another authority',
    alert: 48,
    show: () => issueBy(foreignAuthority()),
  },
  { what: 'signed by itself', alert: 48, show: selfSigned },
  {
    what: 'signed by a member, which is no authority',
    alert: 48,
    show: () => {
      const member = issueBy(authority)
      const { cert, key } = issueBy(member)
      return { cert: cert + member.cert, key }
    },
  },
  {
    what: 'that has expired',
    alert: 45,
    show: () => issueBy(authority, { notAfterMs: Date.now() - 60_000 }),
  },
]
const wrongUse = {
  client: {
    what: 'for servers',
    alert: 43,
    show: () => issueBy(authority, { usage: ['serverAuth'] }),
  },
  server: {
    what: 'for clients',
    alert: 43,
    show: () => issueBy(authority, { usage: ['clientAuth'] }),
  },
} satisfies Record<string, Impostor>

const versions = ['TLSv1.2', 'TLSv1.3'] as const
const listeners = [
  { kind: 'HTTP', port: 8443 },
  { kind: 'stream', port: 9443 },
] as const

describe('nodes of a cluster', () => {
  it('have the protocol id that is made of the public key of their authority', async () => {
    expect(await joinedMesh([node])).toBe(protocol)
  })
})

describe('a certificate of a client that names the cluster', () => {
  const cases = listeners.flatMap((listener) =>
    versions.flatMap((version) => [
      ...[...impostors, wrongUse.client].map((impostor) => ({ ...listener, version, ...impostor })),
      {
        ...listener,
        version,
        what: 'that is not shown',
        alert: version === 'TLSv1.3' ? 116 : 40,
        show: () => undefined,
      },
    ]),
  )
  it.for(cases)(
    '$what is refused by alert $alert, and nothing passed on: $version, $kind',
    async ({ port, version, alert, show }) => {
      const before = service.connections()
      expect(await dial({ port, version, identity: show() })).toEqual({ alert })
      expect(service.connections()).toBe(before)

      // The control: a member gets through.
      const member = await dial({ port, version, identity: issueBy(authority) })
      expect(member).toEqual({ answer: expect.stringContaining('200 OK'), resumed: false })
      expect(service.connections()).toBe(before + 1)
    },
  )
})

describe('a session', () => {
  const cases = listeners.flatMap((listener) =>
    versions.map((version) => ({ ...listener, version })),
  )
  it.for(cases)(
    'of a member is not resumed, it shows its certificate each time: $version, $kind',
    async ({ port, version }) => {
      const identity = issueBy(authority)
      const { session, answer } = await dial({ port, version, identity, keepSession: true })
      expect(answer).toContain('200 OK')
      if (session === undefined) return
      const again = await dial({ port, version, identity, session })
      expect(again).toEqual({ answer: expect.stringContaining('200 OK'), resumed: false })
    },
  )

  it.for(cases)(
    'of a client is not gone on with as one of a member, which begins anew: $version, $kind',
    async ({ port, version }) => {
      const ordinary = await dial({ port, version, protocols: ['http/1.1'], keepSession: true })
      const { session } = ordinary
      if (session === undefined) throw new Error('the node gives ordinary clients no session')
      // The control: as what it is, it is resumed.
      const control = await dial({ port, version, protocols: ['http/1.1'], session })
      expect(control).toMatchObject({ resumed: true })
      const member = await dial({ port, version, identity: issueBy(authority), session })
      expect(member).toEqual({ answer: expect.stringContaining('200 OK'), resumed: false })
    },
  )
})

describe('a certificate of a server that agrees to the protocol of the cluster', () => {
  const cases = versions.flatMap((version) =>
    [...impostors, wrongUse.server].map((impostor) => ({ version, ...impostor })),
  )
  it.for(cases)(
    '$what is refused by alert $alert before this node shows its own: $version',
    async ({ version, alert, show }) => {
      await using server = await openTlsServer({ version, identity: show(), protocols: [protocol] })
      expect(await askThrough(server)).toBe(502)
      await expect.poll(() => server.alerts()).toEqual([alert])
      expect(server.met()).toEqual([])

      await using proper = await openTlsServer({
        version,
        identity: issueBy(authority),
        protocols: [protocol],
      })
      expect(await askThrough(proper)).toBe(200)
      expect(proper.met()).toEqual([expect.stringMatching(/^CN=kong-node-/)])
    },
  )

  it('that is no member is not shown one, and a wrong guess about it costs one connection once', async () => {
    const identity = issueBy(foreignAuthority())
    await using server = await openTlsServer({ identity, protocols: ['http/1.1'] })
    expect(await askThrough(server)).toBe(200)
    expect(await askThrough(server)).toBe(200)
    expect(server.met()).toEqual(['nobody', 'nobody'])
    expect(server.connections()).toBe(3)
  })
})

interface Impostor {
  readonly what: string
  readonly alert: number
  readonly show: () => ClusterAuthority
}

interface Dialled {
  readonly answer?: string
  readonly resumed?: boolean
  readonly session?: Buffer
  /** By number. */
  readonly alert?: number | undefined
}

/** Asks the node for `peer.test` as a member would, and reads until the connection ends. */
async function dial({
  port,
  version,
  identity,
  protocols = [protocol],
  session,
  keepSession = false,
}: {
  readonly port: number
  readonly version: SecureVersion
  readonly identity?: ClusterAuthority | undefined
  readonly protocols?: readonly string[]
  readonly session?: Buffer
  readonly keepSession?: boolean
}): Promise<Dialled> {
  const socket = connect({
    host: node.address,
    port,
    minVersion: version,
    maxVersion: version,
    ALPNProtocols: [...protocols],
    servername: 'peer.test',
    rejectUnauthorized: false,
    ...identity,
    ...(session && { session }),
  })
  let given: Buffer | undefined
  socket.on('session', (value: Buffer) => {
    given = value
  })
  const lines = ['GET / HTTP/1.1', 'Host: peer.test', 'X-Forwarded-Host: peer.test']
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  let heard = ''
  socket.on('data', (bytes: Buffer) => {
    heard += String(bytes)
  })
  try {
    await once(socket, 'end')
    return {
      answer: heard,
      resumed: socket.isSessionReused(),
      ...(keepSession && given !== undefined && { session: given }),
    }
  } catch (error) {
    return { alert: alertNumber(error) }
  } finally {
    socket.destroy()
  }
}

/** The status that comes of a request to a service that is this server. */
async function askThrough({ address, port }: TlsServer): Promise<number> {
  const host = `s${port}.test`
  await openWebRoute(
    { node, cluster },
    {
      service: { protocol: 'https', host: address, port, retries: 0 },
      route: { hosts: [host], preserve_host: true },
    },
  ).catch(() => {})
  await heardOfChanges(node, [node])
  return (await node.get('/', { host })).status
}
