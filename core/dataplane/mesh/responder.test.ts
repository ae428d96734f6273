import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { openDataplane } from '#core/dataplane/dataplane.ts'
import {
  openTestServer,
  RecordingObserver,
  testStreamListener,
} from '#core/dataplane/stream/open-test-stream.ts'
import { testHttpListener } from '#core/dataplane/test-http-listener.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { FilterSlot } from '#core/model/http-filter.ts'
import type { Identity } from '#core/model/identity.ts'
import type { StreamFilterSlot } from '#core/model/stream-filter.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { TestAuthority } from '#core/tls/test-authority.ts'
import { canaryRequest, closed, meet } from './meet-server.ts'

const mine = new TestAuthority('mine')
const foreign = new TestAuthority('foreign')
const namesake = new TestAuthority('mine')
const usual = await selfSigned({ ...kongSubject, commonName: 'usual.test' })
const member = mine.issue('peer')
const hourMs = 3_600_000
const before = new Date(Date.now() - 2 * hourMs)
const past = new Date(Date.now() - hourMs)
const future = new Date(Date.now() + hourMs)

/** Everything a client should not get far with, and the alert that OpenSSL itself has for it. */
const impostors: readonly (readonly [string, Identity | undefined, number])[] = [
  ['an expired certificate', mine.issue('peer', { notBefore: before, notAfter: past }), 45],
  ['a certificate that is not valid yet', mine.issue('peer', { notBefore: future }), 42],
  ['a certificate for servers', mine.issue('peer', { usage: ['serverAuth'] }), 43],
  ['a self-signed certificate', usual, 48],
  ['the certificate of another mesh', foreign.issue('peer'), 48],
  ['a certificate that a member signed', mine.issueByMember('peer'), 43],
  ['one that another authority of the same name signed', namesake.issue('peer'), 51],
]

/** Where the stream listener is: two listeners cannot both be given "any port" of one address. */
const other = '127.0.0.2'

interface Yard extends AsyncDisposable {
  readonly observer: RecordingObserver
  readonly ends: { readonly http: SocketAddress; readonly stream: SocketAddress }
  /** What came to the service. */
  readonly served: () => string
  /** What filters saw, one line each. */
  readonly seen: readonly string[]
}

async function openYard(): Promise<Yard> {
  const stack = new AsyncDisposableStack()
  let served = ''
  const service = stack.use(
    await openTestServer((socket) => {
      socket.on('data', (bytes: Buffer) => {
        served += bytes.toString()
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nserved')
      })
    }),
  )
  const seen: string[] = []
  const http: FilterSlot = {
    name: 'f',
    choose: (_principal, chosenFor) => ({
      rewrite: ({ arrival, request }) =>
        void seen.push(`rewrite ${chosenFor} ${arrival} ${request.path}`),
      finished: ({ arrival }) => void seen.push(`finished ${arrival}`),
    }),
  }
  const stream: StreamFilterSlot = {
    name: 'f',
    choose: (chosenFor) => ({
      preread: ({ arrival }) => void seen.push(`preread ${chosenFor} ${arrival}`),
      finished: ({ arrival }) => void seen.push(`finished ${arrival}`),
    }),
  }
  const observer = new RecordingObserver()
  const dataplane = stack.use(openDataplane({ observer }))
  const identities = { fallback: usual, byServerName: new Map() }
  const upstream = { target: service.target }
  const streams = testStreamListener([{ upstream }], { identities, address: other })
  await dataplane.apply({
    version: '1',
    listeners: [
      { ...testHttpListener([{ upstream }], identities), filters: [http] },
      { ...streams, routes: streams.routes.map((route) => ({ ...route, filters: [stream] })) },
    ],
    mesh: { authorities: [mine.member('node-1')] },
  })
  const [httpEnd, streamEnd] = dataplane.listening
  return {
    observer,
    ends: { http: httpEnd!, stream: streamEnd! },
    served: () => served,
    seen,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function presenting(identity: Identity | undefined, alpn = mine.protocol): ConnectionOptions {
  return {
    ALPNProtocols: [alpn, 'http/1.1'],
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey }),
  }
}

const versions = ['TLSv1.2', 'TLSv1.3'] as const
const kinds = ['http', 'stream'] as const
const matrix = kinds.flatMap((kind) => versions.map((version) => [kind, version] as const))

function only(version: (typeof versions)[number]): ConnectionOptions {
  return { minVersion: version, maxVersion: version }
}

/** Nothing but the connection itself was noticed. */
function expectUntouched(yard: Yard): void {
  expect(yard.served()).toBe('')
  expect(yard.seen).toEqual([])
  expect(yard.observer.lines.join('\n')).not.toMatch(/dialing|request|unrouted/)
}

describe.each(matrix)('a %s listener of a node in a mesh, by %s', (kind, version) => {
  it('serves a peer with a certificate of the mesh, and shows it the own one', async () => {
    await using yard = await openYard()
    const met = await meet(yard.ends[kind], { ...presenting(member), ...only(version) })
    expect(met).toMatchObject({ alpn: mine.protocol, serverName: 'node-1', alert: undefined })
    expect(met.text).toContain('served')
    expect(yard.served()).toContain('GET /canary')
    expect(yard.seen[0]).toMatch(
      kind === 'http' ? 'rewrite mesh-peer mesh-peer /canary' : 'preread mesh-peer mesh-peer',
    )
  })

  it.each(impostors)(
    'refuses %s by an alert, and hears nothing of what it says',
    async (...row) => {
      const [, identity, alert] = row
      await using yard = await openYard()
      const met = await meet(yard.ends[kind], { ...presenting(identity), ...only(version) })
      expect(met).toMatchObject({ text: '', alert })
      await yard.observer.until('fault TLS handshake with the client failed')
      expectUntouched(yard)
    },
  )

  it('refuses a peer without a certificate by an alert', async () => {
    await using yard = await openYard()
    const met = await meet(yard.ends[kind], { ...presenting(undefined), ...only(version) })
    expect(met).toMatchObject({ text: '', alert: version === 'TLSv1.2' ? 40 : 116 })
    await yard.observer.until('fault TLS handshake with the client failed')
    expectUntouched(yard)
  })

  it('resumes no session of a peer: without its certificate it is refused', async () => {
    await using yard = await openYard()
    const first = await meet(yard.ends[kind], { ...presenting(member), ...only(version) })
    expect(first.text).toContain('served')
    const served = yard.served()
    const { session } = first
    const again = { ...only(version), ...(session === undefined ? {} : { session }) }
    const bare = await meet(yard.ends[kind], { ...presenting(undefined), ...again })
    expect(bare).toMatchObject({ text: '', alert: version === 'TLSv1.2' ? 40 : 116 })
    expect(yard.served()).toBe(served)
    const proper = await meet(yard.ends[kind], { ...presenting(member), ...again })
    expect(proper).toMatchObject({ reused: false })
    expect(proper.text).toContain('served')
  })

  it('takes no session of an ordinary client for proof', async () => {
    await using yard = await openYard()
    const ordinary = { ...presenting(undefined, 'http/1.1'), ...only(version) }
    const first = await meet(yard.ends[kind], ordinary)
    expect(first.session).toBeDefined()
    const session = first.session!
    // The control: it is good for what it was given for.
    expect(await meet(yard.ends[kind], { ...ordinary, session })).toMatchObject({ reused: true })
    const served = yard.served()
    const met = await meet(yard.ends[kind], {
      ...presenting(undefined),
      ...only(version),
      session,
    })
    expect(met).toMatchObject({ text: '', alert: version === 'TLSv1.2' ? 40 : 116 })
    expect(yard.served()).toBe(served)
  })

  it.each([
    ['offers nothing', {}],
    ['offers another mesh', presenting(member, foreign.protocol)],
    ['only has a certificate of the mesh', presenting(member, 'http/1.1')],
  ])('is an ordinary server for a client that %s', async (_what, options) => {
    await using yard = await openYard()
    const met = await meet(yard.ends[kind], { ...options, ...only(version) })
    expect(met).toMatchObject({ serverName: 'usual.test', alert: undefined })
    expect(met.alpn).not.toBe(mine.protocol)
    expect(met.text).toContain('served')
    expect(yard.seen[0]).toMatch(
      kind === 'http' ? 'rewrite client client /canary' : 'preread client client',
    )
  })
})

describe('a client that offers the mesh after an ordinary protocol', () => {
  const last = { ...presenting(member), ALPNProtocols: ['http/1.1', mine.protocol] }

  it('gets what it offered first from an http listener, time and again on one connection', async () => {
    await using yard = await openYard()
    const met = await meet(yard.ends.http, last)
    expect(met).toMatchObject({ alpn: 'http/1.1', serverName: 'usual.test' })
    expect(yard.seen[0]).toMatch('rewrite client client /canary')

    const { address, port } = yard.ends.http
    const client = connect({ port, host: address, rejectUnauthorized: false, ...last })
    const head = canaryRequest.replace('Connection: close\r\n', '')
    client.write(head)
    const [answer] = await once(client, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 200 /)
    expect(String(answer)).not.toContain('Connection: close')
    client.destroy()
  })

  it('is a peer for a stream listener', async () => {
    await using yard = await openYard()
    const met = await meet(yard.ends.stream, last)
    expect(met).toMatchObject({ alpn: mine.protocol, serverName: 'node-1' })
    expect(yard.seen[0]).toMatch('preread mesh-peer mesh-peer')
  })
})

describe('an accepted peer', () => {
  it('cannot negotiate anew and become somebody else', async () => {
    await using yard = await openYard()
    const { address, port } = yard.ends.http
    const options = { ...presenting(member), ...only('TLSv1.2'), rejectUnauthorized: false }
    const client = connect({ port, host: address, ...options })
    await once(client, 'secureConnect')
    const fault = new Promise<Error>((resolve) => client.once('error', resolve))
    client.renegotiate({}, () => {})
    expect((await fault).message).toContain('no renegotiation')
    client.destroy()
  })
})

describe('a refused peer', () => {
  it.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])(
    'understands the alert by %s',
    async (ciphers) => {
      await using yard = await openYard()
      const options = {
        ...presenting(foreign.issue('peer')),
        ciphers,
        minVersion: 'TLSv1.3',
      } as const
      expect(await meet(yard.ends.http, options)).toMatchObject({ text: '', alert: 48 })
    },
  )

  it('is cut off although it goes on talking', async () => {
    await using yard = await openYard()
    const client = connect({
      port: yard.ends.http.port,
      host: yard.ends.http.address,
      rejectUnauthorized: false,
      ...presenting(foreign.issue('peer')),
    })
    client.on('error', () => {})
    const transport: Socket = client
    const talk = setInterval(() => transport.write(canaryRequest), 5)
    await closed(client)
    clearInterval(talk)
    expectUntouched(yard)
  })
})
