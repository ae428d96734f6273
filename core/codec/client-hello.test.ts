import { once } from 'node:events'
import { connect, type ConnectionOptions } from 'node:tls'
import { Duplex } from 'node:stream'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxRecordsBytes, readClientHello } from './client-hello.ts'

const full = await helloOf({
  servername: 'Kong-B.Mesh.Local',
  ALPNProtocols: ['h2', 'http/1.1'],
  minVersion: 'TLSv1.2',
})

describe('readClientHello', () => {
  it('reads what Node sends', () => {
    expect(readClientHello(full)).toEqual({
      serverName: 'kong-b.mesh.local',
      alpn: ['h2', 'http/1.1'],
      supportedVersions: [0x0304, 0x0303],
    })
  })

  it('reads one without server name, ALPN and supported_versions', async () => {
    const bare = await helloOf({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
    expect(readClientHello(bare)).toEqual({
      serverName: undefined,
      alpn: [],
      supportedVersions: [0x0303],
    })
  })

  it('wants more of every proper beginning', () => {
    for (let length = 0; length < full.length; length++) {
      expect(readClientHello(full.subarray(0, length))).toBe('need-more')
    }
  })

  it('reads one that is cut into records of any size', () => {
    const whole = readClientHello(full)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (sizes) => {
        expect(readClientHello(inRecords(full.subarray(5), sizes))).toEqual(whole)
      }),
    )
  })

  it('refuses another handshake message, another record and an oversized message', () => {
    const serverHello = Buffer.from(full)
    serverHello[5] = 2
    const alert = Buffer.concat([full.subarray(0, 5 + 10), Buffer.from('15030300020228', 'hex')])
    alert.writeUInt16BE(10, 3)
    const oversized = Buffer.from(full)
    oversized[6] = 1
    expect(readClientHello(serverHello)).toBe('invalid')
    expect(readClientHello(alert)).toBe('invalid')
    expect(readClientHello(oversized)).toBe('invalid')
  })

  it('refuses a length that leads out of the message', () => {
    const broken = Buffer.from(full)
    broken[5 + 4 + 2 + 32] = 255
    expect(readClientHello(broken.subarray(0))).toBe('invalid')
  })

  it('stops asking for more after the limit', () => {
    const crumbs = inRecords(
      Buffer.concat([Buffer.from([1, 0, 0x3f, 0xff]), Buffer.alloc(16_000)]),
      [1],
    )
    expect(readClientHello(crumbs.subarray(0, maxRecordsBytes - 1))).toBe('need-more')
    expect(readClientHello(crumbs.subarray(0, maxRecordsBytes))).toBe('invalid')
  })

  it('takes a server name with control characters for none', () => {
    const broken = Buffer.from(full)
    broken[broken.indexOf('Kong-B')] = 0
    expect(readClientHello(broken)).toMatchObject({
      serverName: undefined,
      alpn: ['h2', 'http/1.1'],
    })
  })

  it('never throws and never reads beyond its input, whatever the bytes', () => {
    const mutated = fc
      .tuple(fc.array(fc.tuple(fc.nat(full.length - 1), fc.nat(255))), fc.nat(full.length))
      .map(([changes, cut]) => {
        const bytes = Buffer.from(full)
        for (const [at, value] of changes) bytes[at] = value
        return bytes.subarray(0, cut)
      })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 600 })), (bytes) => {
        // The same bytes followed by others in memory must read the same.
        const framed = Buffer.concat([bytes, Buffer.alloc(64, 0xff)]).subarray(0, bytes.length)
        expect(readClientHello(framed)).toEqual(readClientHello(Buffer.from(bytes)))
      }),
      { numRuns: 2000 },
    )
  })
})

/** Cuts a message into records, using the sizes round and round. */
function inRecords(message: Buffer, sizes: readonly number[]): Buffer {
  const records: Buffer[] = []
  for (let at = 0, turn = 0; at < message.length; turn++) {
    const fragment = message.subarray(at, at + sizes[turn % sizes.length]!)
    const head = Buffer.from([22, 3, 1, fragment.length >> 8, fragment.length & 255])
    records.push(head, fragment)
    at += fragment.length
  }
  return Buffer.concat(records)
}

/** The first flight of Node's own TLS client. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const sent = Promise.withResolvers<Buffer>()
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      sent.resolve(Buffer.from(chunk))
      done()
    },
  })
  const client = connect({ ...options, socket: wire })
  client.on('error', () => {})
  const hello = await sent.promise
  client.destroy()
  await once(client, 'close')
  return hello
}
