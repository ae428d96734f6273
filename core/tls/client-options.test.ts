import { once } from 'node:events'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { listenOnLoopback } from '#core/base/loopback-ports.ts'
import type { Identity } from '#core/model/identity.ts'
import { clientTlsOptions } from './client-options.ts'
import { kongSubject, selfSigned } from './self-signed.ts'

const named = await selfSigned({ ...kongSubject, commonName: 'client.test' })
const other = await selfSigned({ ...kongSubject, commonName: 'other.test' })

/** The name in the certificate that a server sees which asks for one. */
async function presented(identity: Identity | undefined): Promise<unknown> {
  const server = createServer({
    cert: other.certificate,
    key: other.privateKey,
    requestCert: true,
    rejectUnauthorized: false,
  })
  const port = await listenOnLoopback(server)
  const seen = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
  const client = connect({
    port,
    host: '127.0.0.1',
    ...clientTlsOptions({ serverName: undefined, alpn: [], identity }),
  })
  client.on('error', () => {})
  const socket = await seen
  socket.on('error', () => {})
  const { subject } = socket.getPeerCertificate()
  client.destroy()
  server.close()
  await once(server, 'close')
  return subject?.CN
}

describe('clientTlsOptions', () => {
  it('presents the identity to an upstream that asks for a certificate, and nothing without one', async () => {
    expect(await presented(named)).toBe('client.test')
    expect(await presented(other)).toBe('other.test')
    expect(await presented(undefined)).toBeUndefined()
  })

  it('makes one context for each identity', () => {
    const of = (identity: Identity | undefined): unknown =>
      clientTlsOptions({ serverName: undefined, alpn: [], identity }).secureContext
    expect(of(named)).toBe(of(named))
    expect(of(undefined)).toBe(of(undefined))
    expect(of(named)).not.toBe(of(other))
    expect(of(named)).not.toBe(of(undefined))
  })

  it('refuses a key that belongs to another certificate', () => {
    const identity = { certificate: named.certificate, privateKey: other.privateKey }
    expect(() => clientTlsOptions({ serverName: undefined, alpn: [], identity })).toThrow(
      /key values mismatch/,
    )
  })

  it('never sends an address as a server name', () => {
    const wish = { alpn: ['http/1.1'] }
    expect(clientTlsOptions({ ...wish, serverName: '::1' })).not.toHaveProperty('servername')
    expect(clientTlsOptions({ ...wish, serverName: 'a.test' })).toHaveProperty(
      'servername',
      'a.test',
    )
  })
})
