import { createServer } from 'node:net'
import { once } from 'node:events'
import { connect } from 'node:tls'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findServerName } from './client-hello.ts'
import { looksLikeTls } from './tls/records.ts'

const hello = await realClientHello('service-b.mesh')

describe('findServerName', () => {
  it('finds the name in the ClientHello of a real client', () => {
    expect(findServerName(hello)).toBe('service-b.mesh')
  })

  it('finds no name where the client sent none', async () => {
    expect(findServerName(await realClientHello(undefined))).toBeUndefined()
  })

  it('finds the name in a hello spread over several records', () => {
    const body = hello.subarray(5)
    const records: Buffer[] = []
    for (let start = 0; start < body.length; start += 11) {
      const part = body.subarray(start, start + 11)
      records.push(Buffer.from([0x16, 3, 1, 0, part.length]), part)
    }
    expect(findServerName(Buffer.concat(records))).toBe('service-b.mesh')
  })

  it('finds nothing in a part of a hello', () => {
    for (let length = 0; length < hello.length; length++) {
      expect(findServerName(hello.subarray(0, length))).toBeUndefined()
    }
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const damaged = Buffer.from(hello)
        for (const [at, to] of changes) damaged[at % damaged.length] = to
        findServerName(damaged)
      }),
    )
  })
})

describe('looksLikeTls', () => {
  it('knows a ClientHello and an alert from plain text and from too few bytes', () => {
    expect(looksLikeTls(hello)).toBe(true)
    expect(looksLikeTls(Buffer.from([0x15, 3, 3, 0, 2, 2, 40]))).toBe(true)
    expect(looksLikeTls(Buffer.from('GET / HTTP/1.1'))).toBe(false)
    expect(looksLikeTls(hello.subarray(0, 2))).toBe(false)
  })
})

async function realClientHello(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const client = connect({
    port: address.port,
    host: '127.0.0.1',
    ...(servername && { servername }),
  })
  client.on('error', () => {})
  const [socket] = await once(server, 'connection')
  const [bytes] = await once(socket, 'data')
  client.destroy()
  server.close()
  return bytes
}
