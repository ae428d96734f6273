import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { loggingHost, passRequests, pathsOf } from '#core/kong/plugins/log-record/logged.ts'
import {
  openHttpReceiver,
  openLineReceiver,
  unusedPort,
} from '#core/kong/plugins/log-record/receivers.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { httpLog } from './http-log.ts'

function endpoint({ port }: { readonly port: number }): string {
  return `http://127.0.0.1:${port}/logs?to=me`
}

describe('http-log', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    const http_endpoint = 'http://logs.test'
    expect(sampleConfig(httpLog, { http_endpoint })).toEqual({
      http_endpoint,
      method: 'POST',
      content_type: 'application/json',
      timeout: 10_000,
      keepalive: 60_000,
      retry_count: 10,
      queue_size: 1,
      flush_timeout: 2,
    })
    expect(httpLog.priority).toBe(12)
    expect(
      pluginEntityFaults(httpLog, { config: { http_endpoint }, run_on: 'all' }),
    ).toBeUndefined()
  })

  it.for([
    [{}, 'required field missing'],
    [{ http_endpoint: 'logs.test' }, 'missing host in url'],
    [{ http_endpoint: 'http://' }, 'missing host in url'],
    [{ http_endpoint: 'ftp://x' }, "the scheme of 'ftp://x' must be http or https"],
  ] as const)('refuses %j', ([config, fault]) => {
    expect(pluginEntityFaults(httpLog, { config })).toEqual({ config: { http_endpoint: fault } })
  })

  it('sends each record by itself, over one connection', async () => {
    await using receiver = await openHttpReceiver()
    await using host = loggingHost()
    const config = { http_endpoint: endpoint(receiver), method: 'PUT' }
    await passRequests(sampleFilter(httpLog, config, host), ['/1', '/2', '/3'])
    await expect.poll(() => pathsOf(receiver.received)).toEqual(['/1', '/2', '/3'])
    expect(receiver.connections()).toBe(1)
    const [request] = receiver.requests
    expect(`${request?.method} ${request?.url}`).toBe('PUT /logs?to=me')
    expect(request?.headers).toMatchObject({
      host: `127.0.0.1:${receiver.port}`,
      'content-type': 'application/json',
      'content-length': `${Buffer.byteLength(receiver.received[0] ?? '')}`,
    })
  })

  it('speaks TLS, with servers that nobody vouches for, too', async () => {
    await using receiver = await openHttpReceiver(() => 200, await selfSigned(kongSubject))
    await using host = loggingHost()
    const http_endpoint = `https://localhost:${receiver.port}/`
    await passRequests(sampleFilter(httpLog, { http_endpoint }, host), ['/1', '/2'])
    await expect.poll(() => pathsOf(receiver.received)).toEqual(['/1', '/2'])
    expect(receiver.connections()).toBe(1)
  })

  it('sends the name and password that stand in the address', async () => {
    await using receiver = await openHttpReceiver()
    await using host = loggingHost()
    const http_endpoint = endpoint(receiver).replace('//', '//bob:s%20p@')
    await passRequests(sampleFilter(httpLog, { http_endpoint }, host), ['/1'])
    await expect.poll(() => receiver.received).toHaveLength(1)
    const expected = `Basic ${Buffer.from('bob:s p').toString('base64')}`
    expect(receiver.requests[0]?.headers.authorization).toBe(expected)
  })

  it('collects records into an array, and sends the rest when it ends', async () => {
    await using receiver = await openHttpReceiver()
    const host = loggingHost()
    const config = { http_endpoint: endpoint(receiver), queue_size: 2, flush_timeout: 60 }
    await passRequests(sampleFilter(httpLog, config, host), ['/1', '/2', '/3'])
    await expect.poll(() => receiver.received).toHaveLength(1)
    host.retire()
    await expect.poll(() => receiver.received).toHaveLength(2)
    const batches = receiver.received.map((body) => JSON.parse(body).length)
    expect(batches).toEqual([2, 1])
  })

  it('does not let a node stop before everything is sent', async () => {
    await using receiver = await openHttpReceiver()
    const host = loggingHost()
    const config = { http_endpoint: endpoint(receiver), queue_size: 1 }
    const paths = Array.from({ length: 50 }, (_, at) => `/${at}`)
    await passRequests(sampleFilter(httpLog, config, host), paths)
    await host[Symbol.asyncDispose]()
    expect(pathsOf(receiver.received)).toEqual(paths)
  })

  it('sends again what was refused', async () => {
    await using receiver = await openHttpReceiver((count) => (count === 1 ? 500 : 200))
    await using host = loggingHost()
    await passRequests(sampleFilter(httpLog, { http_endpoint: endpoint(receiver) }, host), ['/1'])
    await expect.poll(() => pathsOf(receiver.received)).toEqual(['/1', '/1'])
    expect(host.lines).toEqual([
      `error: [http-log] will try again: request to 127.0.0.1:${receiver.port} returned status code 500`,
    ])
  })

  it('says what it drops when nobody is there', async () => {
    const port = await unusedPort()
    const host = loggingHost()
    const config = { http_endpoint: endpoint({ port }), retry_count: 0 }
    await passRequests(sampleFilter(httpLog, config, host), ['/1'])
    await host[Symbol.asyncDispose]()
    expect(host.lines).toEqual([
      `error: [http-log] dropped 1 record(s) at attempt 1: failed request to 127.0.0.1:${port}: connection refused`,
    ])
  })

  it('gives a server that never answers up after its time', async () => {
    const host = loggingHost()
    await using silent = await openLineReceiver()
    const config = { http_endpoint: endpoint(silent), retry_count: 0, timeout: 100 }
    await passRequests(sampleFilter(httpLog, config, host), ['/1'])
    await expect
      .poll(() => host.lines)
      .toEqual([
        `error: [http-log] dropped 1 record(s) at attempt 1: failed request to 127.0.0.1:${silent.port}: timeout`,
      ])
    await host[Symbol.asyncDispose]()
  })

  it('outlives servers that break off', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab',
      'HTTP/1.1 200 OK\r\nConte',
      'nonsense\r\n\r\n',
      '',
    ]
    let count = 0
    await using server = await openLineReceiver((onConnection) =>
      createServer((socket) => {
        onConnection(socket)
        socket.once('data', () => socket.end(answers[count++ % answers.length] ?? ''))
      }),
    )
    const host = loggingHost()
    const config = { http_endpoint: endpoint(server), retry_count: 0 }
    const filter = sampleFilter(httpLog, config, host)
    await passRequests(filter, ['/1', '/2', '/3', '/4'])
    await host[Symbol.asyncDispose]()
    expect(count).toBe(4)
    expect(host.lines[0]).toMatch(/dropped 1 record.*failed request to 127.0.0.1/)
  })

  it('uses another connection when the server has closed the one it kept', async () => {
    await using receiver = await openHttpReceiver()
    const host = loggingHost()
    const filter = sampleFilter(httpLog, { http_endpoint: endpoint(receiver) }, host)
    for (let at = 1; at <= 20; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await passRequests(filter, [`/${at}`])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect.poll(() => receiver.received, { interval: 1 }).toHaveLength(at)
      receiver.disconnect()
    }
    await host[Symbol.asyncDispose]()
    expect(new Set(pathsOf(receiver.received)).size).toBe(20)
    expect(host.lines.filter((line) => line.includes('dropped'))).toEqual([])
  })
})
