import { connect } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { openTestServer } from '#core/dataplane/stream/open-test-stream.ts'
import type { DialTls } from '#core/dataplane/upstreams/dial.ts'
import type { Identity } from '#core/model/identity.ts'
import type { MeshMembership } from '#core/model/mesh.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { TestAuthority } from '#core/tls/test-authority.ts'
import { MeshDialer } from './mesh-dialer.ts'

const mine = new TestAuthority('mine')
const next = new TestAuthority('next')
const foreign = new TestAuthority('foreign')
const namesake = new TestAuthority('mine')
const usual = await selfSigned({ ...kongSubject, commonName: 'usual.test' })
const strange = await selfSigned({ ...kongSubject, commonName: 'strange.test' })
const mesh: MeshMembership = { authorities: [mine.member('node-1')] }
const hourMs = 3_600_000

interface Peer extends AsyncDisposable {
  readonly port: number
  /** Connections and what came of them, one line each: who the client was, or which alert it sent. */
  readonly lines: string[]
  /** What clients said. */
  readonly heard: () => string
  /** Resolves once there are so many lines. */
  until(count: number): Promise<void>
}

async function openPeer(options: TlsOptions): Promise<Peer> {
  const lines: string[] = []
  let heard = ''
  const waiting = new Set<() => void>()
  const note = (line: string): void => {
    lines.push(line)
    for (const look of waiting) look()
  }
  const server = createTlsServer(options, (socket: TLSSocket) => {
    const { subject } = socket.getPeerCertificate()
    note(`${String(subject?.CN ?? 'nobody')} ${socket.authorized ? 'verified' : 'unverified'}`)
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString()
      socket.write('heard')
    })
  })
  server.on('tlsClientError', ({ message }) => {
    const [, alert] = /SSL alert number (\d+)/.exec(message) ?? []
    note(alert === undefined ? 'broken off' : `alert ${alert}`)
  })
  const { port, [Symbol.asyncDispose]: dispose } = await openTestServer(
    () => {},
    () => server,
  )
  return {
    port,
    lines,
    heard: () => heard,
    until: async (count) => {
      while (lines.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.add(resolve)
        // oxlint-disable-next-line no-await-in-loop -- waits for the next line
        await promise
        waiting.delete(resolve)
      }
    },
    [Symbol.asyncDispose]: dispose,
  }
}

/** Leads connections to one peer, later to another, under one address. */
async function openRelay(
  first: Peer,
): Promise<AsyncDisposable & { readonly port: number; leadTo(peer: Peer): void }> {
  let { port: target } = first
  const { port, [Symbol.asyncDispose]: dispose } = await openTestServer((socket) => {
    const onward = connect({ port: target, host: '127.0.0.1' })
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
  })
  return {
    port,
    leadTo: (peer) => {
      target = peer.port
    },
    [Symbol.asyncDispose]: dispose,
  }
}

function presenting({ certificate, privateKey }: Identity): TlsOptions {
  return { cert: certificate, key: privateKey }
}

/** A node of a mesh, as far as TLS goes. */
function nodeOf(authority: TestAuthority, identity = authority.issue('peer')): TlsOptions {
  return {
    ...presenting(identity),
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: [authority.protocol],
  }
}

const http: DialTls = { serverName: undefined, alpn: ['http/1.1'] }
const stream: DialTls = { serverName: undefined, alpn: [] }

function dialBy(
  dialer: MeshDialer,
  { port }: { readonly port: number },
  tls: DialTls = http,
  membership: MeshMembership | undefined = mesh,
): Promise<Channel> {
  const request = { host: '127.0.0.1', port, connectTimeoutMs: 5000, tls }
  return dialer.dial(request, membership)
}

/** Dials, says something, and hears whether it was understood. */
async function talk(dialed: Promise<Channel>): Promise<string | undefined> {
  const channel = await dialed
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  channel.open({
    onBytes: () => resolve(),
    onEnd: () => {},
    onDrain: () => {},
    onClosed: (fault) => reject(fault ?? new Error('closed')),
  })
  channel.write(Buffer.from('canary'))
  await promise
  channel.reset()
  return channel.tls?.alpn
}

const versions = ['TLSv1.2', 'TLSv1.3'] as const

describe.each(versions)('an upstream connection by %s', (version) => {
  const only = { minVersion: version, maxVersion: version }

  it.each([
    ['HTTP', http],
    ['streams', stream],
  ])(
    'for %s shows a node of the same mesh the certificate, at the first attempt',
    async (...row) => {
      const [, tls] = row
      await using peer = await openPeer({ ...nodeOf(mine), ...only })
      expect(await talk(dialBy(new MeshDialer(), peer, tls))).toBe(mine.protocol)
      expect(peer.lines).toEqual(['node-1 verified'])
      expect(peer.heard()).toBe('canary')
    },
  )

  it('shows a stranger that asks for a certificate none, and asks it only once what it is', async () => {
    const stranger = { ...presenting(strange), requestCert: true, rejectUnauthorized: false }
    await using peer = await openPeer({ ...stranger, ALPNProtocols: ['http/1.1'], ...only })
    const dialer = new MeshDialer()
    expect(await talk(dialBy(dialer, peer))).toBe('http/1.1')
    expect(peer.lines).toEqual(['broken off', 'nobody unverified'])
    expect(await talk(dialBy(dialer, peer))).toBe('http/1.1')
    expect(peer.lines.slice(2)).toEqual(['nobody unverified'])
  })

  it('shows a stranger the usual certificate, at the first attempt', async () => {
    const stranger = { ...presenting(strange), requestCert: true, rejectUnauthorized: false }
    await using peer = await openPeer({ ...stranger, ...only })
    const tls = { ...http, identity: usual }
    expect(await talk(dialBy(new MeshDialer(), peer, tls))).toBeUndefined()
    expect(peer.lines).toEqual(['usual.test unverified'])
  })

  it('never shows the usual certificate to a node of the mesh', async () => {
    await using peer = await openPeer({ ...nodeOf(mine), ...only })
    const dialer = new MeshDialer()
    const tls = { ...http, identity: usual }
    expect(await talk(dialBy(dialer, peer, tls))).toBe(mine.protocol)
    expect(peer.lines).toEqual(['broken off', 'node-1 verified'])
    expect(await talk(dialBy(dialer, peer, tls))).toBe(mine.protocol)
    expect(peer.lines.slice(2)).toEqual(['node-1 verified'])
  })

  it('to a stranger that asks for nothing is made at once, and verifies nothing', async () => {
    await using peer = await openPeer({ ...presenting(strange), ...only })
    expect(await talk(dialBy(new MeshDialer(), peer))).toBeUndefined()
    expect(peer.lines).toEqual(['nobody unverified'])
  })

  const pastHour = {
    notBefore: new Date(Date.now() - 2 * hourMs),
    notAfter: new Date(Date.now() - hourMs),
  }
  it.each([
    ['an expired certificate', mine.issue('peer', pastHour), 45],
    ['a certificate for clients', mine.issue('peer', { usage: ['clientAuth'] }), 43],
    ['a self-signed certificate', strange, 48],
    ['the certificate of another mesh', foreign.issue('peer'), 48],
    ['one that another authority of the same name signed', namesake.issue('peer'), 51],
  ])('is refused to a peer that claims to be of the mesh with %s, by an alert', async (...row) => {
    const [, identity, alert] = row
    for (const asks of [true, false]) {
      // oxlint-disable-next-line no-await-in-loop -- one peer after the other
      await using peer = await openPeer({ ...nodeOf(mine, identity), requestCert: asks, ...only })
      // oxlint-disable-next-line no-await-in-loop
      await expect(dialBy(new MeshDialer(), peer)).rejects.toMatchObject({
        name: 'DialError',
        kind: 'tls',
      })
      // oxlint-disable-next-line no-await-in-loop
      await peer.until(1)
      expect(peer.lines).toEqual([`alert ${alert}`])
      expect(peer.heard()).toBe('')
    }
  })

  it('meets each peer by the authority that it prefers', async () => {
    const both = { authorities: [next.member('new-1'), mine.member('old-1')] } as const
    await using old = await openPeer({ ...nodeOf(mine), ...only })
    await using modern = await openPeer({ ...nodeOf(next), ...only })
    const dialer = new MeshDialer()
    expect(await talk(dialBy(dialer, old, http, both))).toBe(mine.protocol)
    expect(old.lines.at(-1)).toBe('old-1 verified')
    expect(await talk(dialBy(dialer, modern, http, both))).toBe(next.protocol)
    expect(modern.lines).toEqual(['new-1 verified'])
    // What was found out about the old one holds.
    const before = old.lines.length
    expect(await talk(dialBy(dialer, old, http, both))).toBe(mine.protocol)
    expect(old.lines.slice(before)).toEqual(['old-1 verified'])
  })
})

describe('what is known of peers', () => {
  const stranger = { ...presenting(strange), requestCert: true, rejectUnauthorized: false }

  it('is corrected when a stranger has become a node of the mesh', async () => {
    const dialer = new MeshDialer()
    await using peer = await openPeer({ ...stranger, ALPNProtocols: ['http/1.1'] })
    await using relay = await openRelay(peer)
    expect(await talk(dialBy(dialer, relay))).toBe('http/1.1')
    await using node = await openPeer(nodeOf(mine))
    relay.leadTo(node)
    expect(await talk(dialBy(dialer, relay))).toBe(mine.protocol)
    expect(node.lines.at(-1)).toBe('node-1 verified')
  })

  it('is corrected when a node has become a stranger, which is shown no certificate', async () => {
    const dialer = new MeshDialer()
    await using node = await openPeer(nodeOf(mine))
    await using relay = await openRelay(node)
    const tls = { ...http, identity: usual }
    expect(await talk(dialBy(dialer, relay, tls))).toBe(mine.protocol)
    await using peer = await openPeer(stranger)
    relay.leadTo(peer)
    expect(await talk(dialBy(dialer, relay, tls))).toBeUndefined()
    expect(peer.lines).toEqual(['broken off', 'usual.test unverified'])
  })

  it('is forgotten with the membership', async () => {
    const dialer = new MeshDialer()
    await using peer = await openPeer({ ...stranger, ALPNProtocols: ['http/1.1'] })
    await talk(dialBy(dialer, peer))
    await talk(dialBy(dialer, peer))
    expect(peer.lines).toEqual(['broken off', 'nobody unverified', 'nobody unverified'])
    const changed = { authorities: [next.member('node-1')] } as const
    await talk(dialBy(dialer, peer, http, changed))
    expect(peer.lines.slice(3)).toEqual(['broken off', 'nobody unverified'])
  })
})

describe('a node in no mesh', () => {
  it('offers no protocol of any and does not verify', async () => {
    await using peer = await openPeer({
      ...presenting(strange),
      ALPNProtocols: [mine.protocol, 'http/1.1'],
    })
    const dialer = new MeshDialer()
    const request = { host: '127.0.0.1', port: peer.port, connectTimeoutMs: 5000, tls: http }
    expect(await talk(dialer.dial(request, undefined))).toBe('http/1.1')
  })
})
