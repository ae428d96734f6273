import { describe, expect, it } from 'vitest'
import { addressBook, judgePayload, toHop } from './hops.ts'
import type { TcpConnection } from './tcp-flows.ts'

const frame = { atMs: 1, atNs: 1_000_000n, bytes: new Uint8Array(), originalLength: 0 }
const tlsBytes = Buffer.from([0x16, 3, 3, 0, 1, 1])
const silence: TcpConnection['toServer'] = {
  bytes: 0,
  firstBytes: new Uint8Array(),
  firstPayloadAtMs: undefined,
  pieces: [],
}
const said = (firstBytes: Uint8Array): TcpConnection['toServer'] => ({
  bytes: firstBytes.length,
  firstBytes,
  firstPayloadAtMs: 1,
  pieces: [{ offset: 0, bytes: firstBytes, frame }],
})
const connection = (toServer = silence, toClient = silence): TcpConnection => ({
  client: { address: '10.0.0.3', port: 40_000 },
  server: { address: 'fd00::5', port: 443 },
  startedAtMs: Date.UTC(2026, 0, 1) + 1.007,
  endedAtMs: undefined,
  toServer,
  toClient,
  frames: { first: frame, last: frame },
  outcome: 'closed',
})

describe('judgePayload', () => {
  it('calls a connection TLS only when nobody who spoke spoke plainly', () => {
    const plain = said(Buffer.from('Hello from Service B'))
    const tls = said(tlsBytes)
    expect(judgePayload(connection())).toBe('none')
    expect(judgePayload(connection(tls, tls))).toBe('tls')
    expect(judgePayload(connection(tls))).toBe('tls')
    expect(judgePayload(connection(silence, plain))).toBe('plaintext')
    expect(judgePayload(connection(tls, plain))).toBe('plaintext')
  })

  it('does not call bytes that the capture missed TLS', () => {
    expect(judgePayload(connection({ ...silence, bytes: 9 }))).toBe('plaintext')
  })
})

describe('toHop', () => {
  it('names the nodes behind the addresses, where they are known', () => {
    const book = addressBook([
      { name: 'kong-a', kind: 'proxy', namespace: 'kong-a', addresses: ['10.0.0.3/24'] },
      { name: 'other', kind: 'proxy', namespace: 'kong-a', addresses: ['10.0.0.3'] },
    ])
    expect(
      toHop(connection(said(tlsBytes)), {
        link: 'middle',
        book,
        tls: undefined,
        numberOf: () => 7,
      }),
    ).toEqual({
      link: 'middle',
      at: '2026-01-01T00:00:00.001007Z',
      source: '10.0.0.3:40000',
      destination: '[fd00::5]:443',
      from: 'kong-a',
      to: undefined,
      payload: 'tls',
      serverName: undefined,
      tls: undefined,
      packets: { first: 7, last: 7 },
      bytesToServer: tlsBytes.length,
      bytesToClient: 0,
      outcome: 'closed',
    })
  })
})
