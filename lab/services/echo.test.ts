import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { json, text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from './certificate.ts'
import { openEchoService, type EchoService } from './echo.ts'
import type { SeenRecord } from './report.ts'

const none = { http: 0, https: 0, tcp: 0, tls: 0 }

async function open(onSeen: (record: SeenRecord) => void = () => {}): Promise<EchoService> {
  const certificate = await makeCertificate('echo')
  return openEchoService({ address: '127.0.0.1', ports: none, certificate, onSeen })
}

describe(openEchoService, () => {
  it('reports method, path, headers and body of an HTTP request, and both ends of its connection', async () => {
    await using service = await open()
    const answer = await fetch(`http://127.0.0.1:${service.ports.http}/a?b=c`, {
      method: 'PUT',
      headers: { 'x-shown': 'yes' },
      body: 'hello',
    })
    expect(await answer.json()).toMatchObject({
      protocol: 'http',
      method: 'PUT',
      path: '/a?b=c',
      headers: { 'x-shown': 'yes', host: `127.0.0.1:${service.ports.http}` },
      body: 'hello',
      source: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      local: `127.0.0.1:${service.ports.http}`,
    })
  })

  it('reports server name, ALPN and client certificate of an HTTPS request', async () => {
    await using service = await open()
    const client = await makeCertificate('kong-b')
    const socket = connectTls({
      ...client,
      host: '127.0.0.1',
      port: service.ports.https,
      servername: 'service-b.test',
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    })
    const sent = request({ createConnection: () => socket, path: '/' })
    sent.end()
    const [response]: IncomingMessage[] = await once(sent, 'response')
    expect(await json(response ?? socket)).toMatchObject({
      protocol: 'https',
      tls: {
        serverName: 'service-b.test',
        alpn: 'http/1.1',
        clientCertificate: 'CN=kong-b',
        version: 'TLSv1.3',
      },
    })
  })

  it('speaks first over TCP and sends back what follows, also after the client has finished sending', async () => {
    await using service = await open()
    const socket = connect(service.ports.tcp, '127.0.0.1')
    const first = await firstLine(socket)
    expect(first).toStrictEqual({
      source: `127.0.0.1:${socket.localPort}`,
      local: `127.0.0.1:${service.ports.tcp}`,
    })
    socket.end('one\ntwo\n')
    expect(await text(socket)).toBe('one\ntwo\n')
  })

  it('reports a TLS client that sends neither server name nor certificate', async () => {
    await using service = await open()
    const socket = connectTls({
      host: '127.0.0.1',
      port: service.ports.tls,
      rejectUnauthorized: false,
    })
    const first = await firstLine(socket)
    expect(first).toMatchObject({ tls: { version: 'TLSv1.3' } })
    expect(first).not.toHaveProperty('tls.serverName')
    expect(first).not.toHaveProperty('tls.clientCertificate')
    socket.end('bye')
    expect(await text(socket)).toBe('bye')
  })

  it('writes down each request once, with what it carried, and one that was cut as such', async () => {
    const seen: SeenRecord[] = []
    await using service = await open((record) => seen.push(record))
    const { http, tcp } = service.ports
    await fetch(`http://127.0.0.1:${http}/a`, { method: 'POST', body: 'all of it' })
    const cut = connect(http, '127.0.0.1')
    cut.end('POST /b HTTP/1.1\r\nHost: a\r\nX-Id: 7\r\nContent-Length: 9\r\n\r\nhalf')
    await text(cut)
    const stream = connect(tcp, '127.0.0.1')
    stream.end('one\ntwo\n')
    await text(stream)
    await expect.poll(() => seen.length).toBe(3)
    expect(seen).toMatchObject([
      { protocol: 'http', method: 'POST', path: '/a', body: 'all of it', whole: true },
      { path: '/b', rawHeaders: expect.arrayContaining(['X-Id', '7']), body: 'half', whole: false },
      { protocol: 'tcp', body: 'one\ntwo\n', whole: true },
    ])
  })

  it('opens nothing when one of its ports is taken', async () => {
    await using taken = await open()
    const certificate = await makeCertificate('echo')
    const opening = openEchoService({
      address: '127.0.0.1',
      ports: { ...none, tls: taken.ports.tls },
      certificate,
    })
    await expect(opening).rejects.toThrow(/EADDRINUSE/)
  })
})

async function firstLine(socket: Socket): Promise<unknown> {
  const [data]: Buffer[] = await once(socket, 'data')
  return JSON.parse(String(data))
}
