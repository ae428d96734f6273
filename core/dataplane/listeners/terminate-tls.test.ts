import { once } from 'node:events'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import { openDataplane, type Dataplane } from '#core/dataplane/dataplane.ts'
import { connectTo, RecordingObserver } from '#core/dataplane/stream/open-test-stream.ts'
import { testHttpListener } from '#core/dataplane/test-http-listener.ts'
import type { Identity, ServerIdentities } from '#core/model/identity.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'

const named = (commonName: string) => selfSigned({ ...kongSubject, commonName })
const fallback = await named('fallback.test')
const one = await named('one.test')
const two = await named('two.test')

async function open(identities: ServerIdentities): Promise<{
  readonly dataplane: Dataplane
  readonly observer: RecordingObserver
  readonly port: number
  [Symbol.asyncDispose](): PromiseLike<void>
}> {
  const observer = new RecordingObserver()
  const dataplane = openDataplane({ observer })
  await dataplane.apply({ version: '1', listeners: [testHttpListener([], identities)] })
  return {
    dataplane,
    observer,
    port: dataplane.listening[0]!.port,
    [Symbol.asyncDispose]: () => dataplane[Symbol.asyncDispose](),
  }
}

/** The name in the certificate that a client gets. */
async function presented(port: number, servername?: string): Promise<unknown> {
  const client = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  })
  client.on('error', () => {})
  await once(client, 'secureConnect')
  const { subject } = client.getPeerCertificate()
  client.destroy()
  return subject.CN
}

describe('the certificate of a handshake', () => {
  it('is that of the exact server name in any case, and otherwise the fallback', async () => {
    await using proxy = await open({ fallback, byServerName: new Map([['one.test', one]]) })
    expect(await presented(proxy.port, 'one.test')).toBe('one.test')
    expect(await presented(proxy.port, 'ONE.Test')).toBe('one.test')
    expect(await presented(proxy.port, 'sub.one.test')).toBe('fallback.test')
    expect(await presented(proxy.port, 'test')).toBe('fallback.test')
    expect(await presented(proxy.port)).toBe('fallback.test')
  })

  it('is swapped with the snapshot, at the next handshake', async () => {
    const names = new Map([['one.test', one]])
    await using proxy = await open({ fallback, byServerName: names })
    const { port } = proxy
    expect(await presented(port, 'one.test')).toBe('one.test')
    const swapped = { fallback: one, byServerName: new Map([['one.test', two]]) }
    await proxy.dataplane.apply({
      version: '2',
      listeners: [testHttpListener([], swapped)],
    })
    expect(proxy.dataplane.listening[0]!.port).toBe(port)
    expect(await presented(port, 'one.test')).toBe('two.test')
    expect(await presented(port)).toBe('one.test')
  })

  it('is one of ten thousand, of which none is read that nobody asks for', async () => {
    const unreadable: Identity = { certificate: 'not a certificate', privateKey: 'not a key' }
    const names = new Map(
      Array.from({ length: 10_000 }, (_, at) => [`host-${at}.test`, { ...unreadable }] as const),
    )
    names.set('host-7777.test', two)
    await using proxy = await open({ fallback, byServerName: names })
    expect(await presented(proxy.port, 'host-7777.test')).toBe('two.test')
    // The control: those that stand beside it would have been noticed.
    await expect(presented(proxy.port, 'host-7778.test')).rejects.toThrow()
    expect(proxy.observer.lines.join('\n')).toContain('The certificate cannot be used')
  })
})

describe('an HTTPS port', () => {
  it('tells a client that speaks plain HTTP of its mistake, and closes', async () => {
    await using proxy = await open({ fallback, byServerName: new Map() })
    const client = await connectTo(proxy.port)
    client.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n')
    const text = (await readAll(client)).toString()
    expect(text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
    expect(text).toContain('The plain HTTP request was sent to HTTPS port')
    expect(text).toContain('Connection: close\r\n')
    expect(text.match(/HTTP\/1.1/g)).toHaveLength(1)
    client.destroy()
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a TLS record that begins no handshake', Buffer.from('160301000402000000', 'hex')],
  ])('closes without an answer on a client that sends %s and ends', async (_what, bytes) => {
    await using proxy = await open({ fallback, byServerName: new Map() })
    const client = await connectTo(proxy.port)
    client.end(bytes)
    expect((await readAll(client)).length).toBe(0)
    expect(proxy.observer.lines).toContain('fault The client did not begin a TLS handshake')
  })
})
