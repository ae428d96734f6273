import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { Endpoint } from './exchange.ts'
import { type FinishedExchange, openRestServer, type RestServerOptions } from './rest-server.ts'

const endpoints: readonly Endpoint[] = [
  {
    path: '/things',
    handlers: {
      GET: () => ({ status: 200, body: 'plain' }),
      POST: () => ({ status: 201, body: {} }),
      DELETE: () => ({ status: 204 }),
    },
  },
]

async function serve(options: Partial<RestServerOptions>): Promise<
  AsyncDisposable & {
    readonly url: string
    readonly port: number
    readonly faults: readonly unknown[]
    readonly finished: readonly FinishedExchange[]
  }
> {
  const faults: unknown[] = []
  const finished: FinishedExchange[] = []
  const server = await openRestServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    endpoints,
    title: 'test API',
    report: (error) => faults.push(error),
    finished: (exchange) => finished.push(exchange),
    ...options,
  })
  const { port = 0 } = server.addresses[0] ?? {}
  return {
    url: `http://127.0.0.1:${port}/things`,
    port,
    faults,
    finished,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

describe('openRestServer', () => {
  it('accepts requests before its endpoints are there, and answers them then', async () => {
    const late = Promise.withResolvers<readonly Endpoint[]>()
    await using server = await serve({ endpoints: late.promise })
    let answered = false
    const answers = Promise.all(
      ['GET', 'POST'].map(async (method) => {
        const { status } = await fetch(server.url, { method })
        answered = true
        return status
      }),
    )
    // The connections are there: what they wait for is the endpoints.
    const other = connect(server.port, '127.0.0.1')
    await new Promise((resolve) => other.once('connect', resolve))
    other.destroy()
    expect(answered).toBe(false)
    late.resolve(endpoints)
    expect(await answers).toEqual([200, 201])
    expect(server.faults).toEqual([])
  })

  it('answers 500 when its endpoints cannot be had, and tells once why', async () => {
    const fault = new Error('no code')
    await using server = await serve({ endpoints: Promise.reject(fault) })
    for (const method of ['GET', 'OPTIONS', 'POST']) {
      const answer = await fetch(server.url, { method })
      expect(answer.status).toBe(500)
      expect(await answer.json()).toEqual({ message: 'An unexpected error occurred' })
    }
    expect(server.faults).toEqual([fault])
  })

  it('tells how many bytes each body had', async () => {
    await using server = await serve({})
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      await (await fetch(server.url, { method, headers: { referer: 'http://x.example/' } })).text()
    }
    expect(server.finished.map(({ method, bodyBytes }) => [method, bodyBytes])).toEqual([
      ['GET', 5],
      ['HEAD', 0],
      ['POST', 2],
      ['DELETE', 0],
    ])
    expect(server.finished[0]).toMatchObject({ referer: 'http://x.example/', httpVersion: '1.1' })
  })

  it('takes heads as large as it is told, and no larger', async () => {
    const head = { 'x-large': 'x'.repeat(20_000) }
    await using narrow = await serve({})
    expect((await fetch(narrow.url, { headers: head })).status).toBe(431)
    await using wide = await serve({ maxHeadBytes: 24 * 1024 })
    expect((await fetch(wide.url, { headers: head })).status).toBe(200)
  })

  it('ends idle connections and slow heads after the times that it is told', async () => {
    await using server = await serve({ keepAliveTimeoutMs: 50, headTimeoutMs: 600 })
    const idle = connect(server.port, '127.0.0.1')
    idle.write('GET /things HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await text(idle)).toMatch(/^HTTP\/1\.1 200 /)
    const slow = connect(server.port, '127.0.0.1')
    slow.write('GET /things HTTP/1.1\r\n')
    expect(await text(slow)).toMatch(/^HTTP\/1\.1 408 /)
  })
})
