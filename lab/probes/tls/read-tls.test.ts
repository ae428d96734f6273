import type { ConnectionOptions, TlsOptions } from 'node:tls'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from '#lab/services/certificate.ts'
import { parseKeyLog } from './key-log.ts'
import { readTls } from './read-tls.ts'
import type { TlsReading } from './tls-reading.ts'
import { openStrictRecorder, openTlsRecorder, type RecordedTls } from './tls-recorder.ts'

const [ours, theirs, stranger] = await Promise.all(
  ['ours', 'theirs', 'stranger'].map((name) => makeCertificate(name)),
)
if (ours === undefined || theirs === undefined || stranger === undefined) throw new Error('no key')
const server: TlsOptions = { ...ours, ALPNProtocols: ['mesh/1', 'http/1.1'] }
const mutual: TlsOptions = {
  ...server,
  requestCert: true,
  rejectUnauthorized: true,
  ca: theirs.cert,
}
const anybody: ConnectionOptions = {
  rejectUnauthorized: false,
  servername: 'b.test',
  ALPNProtocols: ['mesh/1', 'http/1.1'],
}
const member: ConnectionOptions = { ...anybody, ...theirs }

const textOf = (parts: readonly { readonly bytes: Uint8Array }[] | undefined): string =>
  Buffer.concat((parts ?? []).map(({ bytes }) => bytes)).toString()
const read = (recorded: RecordedTls, keyLog = recorded.keyLog): TlsReading =>
  readTls(recorded, parseKeyLog(keyLog))

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('readTls of %s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const
  const record = async (
    serverOptions: TlsOptions,
    clientOptions: ConnectionOptions,
    question = 'question',
  ): Promise<RecordedTls> => {
    await using recorder = await openTlsRecorder({ ...serverOptions, ...only })
    return await recorder.connect({ client: clientOptions, question })
  }

  it('shows that both sides presented a certificate, and which', async () => {
    const recorded = await record(mutual, member)
    expect(recorded.client).toBeDefined()
    expect(read(recorded)).toMatchObject({
      version: version.replace('v', ' '),
      cipher: recorded.client?.cipher,
      serverName: 'b.test',
      offeredAlpn: ['mesh/1', 'http/1.1'],
      alpn: 'mesh/1',
      readable: true,
      resumed: false,
      server: { kind: 'certificate', certificate: { subject: 'CN=ours' }, proven: true },
      client: { kind: 'certificate', certificate: { subject: 'CN=theirs' }, proven: true },
      established: true,
      alert: undefined,
    })
  })

  it('shows that a client presented none, whether it was asked or not', async () => {
    for (const options of [server, { ...server, requestCert: true, rejectUnauthorized: false }]) {
      // oxlint-disable-next-line no-await-in-loop -- two handshakes at once take as long
      const reading = read(await record(options, anybody))
      expect(reading).toMatchObject({ established: true, client: { kind: 'none' } })
      expect(reading.server.kind).toBe('certificate')
    }
  })

  it.each(
    version === 'TLSv1.3'
      ? ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']
      : ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map(
          (name) => `ECDHE-ECDSA-${name}`,
        ),
  )('opens what was said under %s, also in several records', async (ciphers) => {
    const question = 'x'.repeat(40_000)
    const recorded = await record({ ...server, ciphers }, anybody, question)
    const { content, ...reading } = read(recorded)
    expect(reading.cipher).toBe(recorded.client?.cipher)
    expect(textOf(content?.toServer)).toBe(question)
    expect(textOf(content?.toClient)).toBe('answer')
    expect(recorded.toServer.includes('xxxx')).toBe(false)
  })

  it('without the secrets says what it cannot know', async () => {
    const recorded = await record(mutual, member)
    const reading = read(recorded, '')
    expect(reading).toMatchObject({ version: version.replace('v', ' '), content: undefined })
    expect(reading).toMatchObject(
      version === 'TLSv1.3'
        ? {
            readable: false,
            alpn: undefined,
            client: { kind: 'unreadable' },
            server: { kind: 'unreadable' },
            established: undefined,
          }
        : { readable: true, client: { certificate: { subject: 'CN=theirs' } }, established: true },
    )
  })

  it('shows that a connection was refused for its certificate, or for want of one', async () => {
    await using strict = await openStrictRecorder(ours, { authority: theirs.cert })
    const refused = async (client: ConnectionOptions): Promise<TlsReading> =>
      read(await strict.connect({ client: { ...client, ...only } }))
    expect(await refused({ ...anybody, ...stranger })).toMatchObject({
      established: false,
      client: { certificate: { subject: 'CN=stranger' } },
      alert: { by: 'server', name: expect.stringMatching(/unknown_ca|bad_certificate/) },
    })
    expect(await refused(anybody)).toMatchObject({
      established: false,
      client: { kind: 'none' },
      alert: {
        by: 'server',
        name: expect.stringMatching(/certificate_required|handshake_failure/),
      },
    })
  })

  it('shows that a client distrusts the server', async () => {
    expect(read(await record(server, { servername: 'b.test' }))).toMatchObject({
      server: { certificate: { subject: 'CN=ours' } },
      content: { toServer: [] },
    })
  })

  it('shows that a session was resumed, in which nobody presents a certificate', async () => {
    await using recorder = await openTlsRecorder({ ...mutual, ...only })
    const first = await recorder.connect({ client: member })
    if (first.session === undefined) throw new Error('the server gave no session')
    const second = await recorder.connect({ client: { ...member, session: first.session } })
    expect(read(first)).toMatchObject({ resumed: false, client: { kind: 'certificate' } })
    expect(read(second)).toMatchObject({
      resumed: true,
      established: true,
      client: { kind: 'none' },
      server: { kind: 'none' },
    })
  })

  it('believes no signature that was made for another handshake', async () => {
    const recorded = await record(mutual, member)
    const forged = Buffer.from(recorded.toServer)
    // No key depends on the name that the client asked for, but what is signed does.
    const place = forged.indexOf('b.test')
    forged[place] = 'a'.charCodeAt(0)
    const reading = read({ ...recorded, toServer: forged })
    expect(reading).toMatchObject({ serverName: 'a.test', client: { proven: false } })
    // In TLS 1.2 a server signs the randoms and its key alone.
    expect(reading.server).toMatchObject({ proven: version === 'TLSv1.2' })
    expect(read(recorded)).toMatchObject({ client: { proven: true }, server: { proven: true } })
  })

  it.each([
    'rsa:2048',
    'rsa-pss -pkeyopt rsa_keygen_bits:2048',
    'ed25519',
    'ec -pkeyopt ec_paramgen_curve:secp384r1',
  ])('believes signatures with keys of openssl -newkey %s', async (newKey) => {
    const made = await makeCertificate('other', { newKey })
    const asked = { ...server, ...made, requestCert: true, rejectUnauthorized: false }
    expect(read(await record(asked, { ...anybody, ...made }))).toMatchObject({
      client: { proven: true },
      server: { proven: true },
    })
  })

  it('takes no harm from damaged or cut bytes', async () => {
    const { toServer, toClient, keyLog } = await record(mutual, member)
    const keys = parseKeyLog(keyLog)
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 })
    const damaged = (bytes: Buffer, changes: readonly [number, number][], cut: number): Buffer => {
      const copy = Buffer.from(bytes)
      for (const [at, to] of changes) copy[at % copy.length] = to
      return copy.subarray(0, copy.length - (cut % copy.length))
    }
    fc.assert(
      fc.property(damage, damage, fc.nat(), fc.nat(), (first, second, firstCut, secondCut) => {
        readTls(
          {
            toServer: damaged(toServer, first, firstCut),
            toClient: damaged(toClient, second, secondCut),
          },
          keys,
        )
      }),
    )
  })
})

describe('readTls', () => {
  it('reads a handshake in which the server asked for another hello', async () => {
    await using recorder = await openTlsRecorder({ ...mutual, ecdhCurve: 'P-384' })
    const recorded = await recorder.connect({
      client: { ...member, ecdhCurve: 'X25519:P-384', minVersion: 'TLSv1.3' },
    })
    expect(read(recorded)).toMatchObject({
      version: 'TLS 1.3',
      alpn: 'mesh/1',
      established: true,
      client: { proven: true },
      server: { proven: true },
    })
    expect(textOf(read(recorded).content?.toServer)).toBe('question')
  })
})
