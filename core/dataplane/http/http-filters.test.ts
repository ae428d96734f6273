import { describe, expect, it } from 'vitest'
import type { HttpExchange, HttpFilter } from '#core/model/http-filter.ts'
import {
  openTestProxy,
  openTestUpstream,
  testChain,
  type TestProxy,
  type TestProxyOptions,
  type TestRoute,
} from './open-test-proxy.ts'
import { exchangeRaw, RawClient } from './raw-client.ts'

const get = 'GET /a?b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'

/** Answers each connection's first request with its head. */
function openEcho(): ReturnType<typeof openTestUpstream> {
  return openTestUpstream((socket) => {
    let received = ''
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      if (!received.includes('\r\n\r\n')) return
      const body = received.slice(0, received.indexOf('\r\n\r\n'))
      received = ''
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`, 'latin1')
    })
  })
}

function to(port: number, route: TestRoute = {}): TestRoute {
  return { ...route, upstream: { ...route.upstream, target: { host: '127.0.0.1', port } } }
}

/** A filter that notes what it is asked. */
function noting(
  name: string,
  notes: string[],
  more: Partial<
    Record<'rewrite' | 'access', (exchange: HttpExchange) => void | Promise<void>>
  > = {},
): HttpFilter {
  return {
    rewrite: (exchange) => {
      notes.push(`${name} rewrite`)
      return more.rewrite?.(exchange)
    },
    access: (exchange) => {
      notes.push(`${name} access`)
      return more.access?.(exchange)
    },
    responseHead: ({ response }) => {
      notes.push(`${name} head ${response?.source} ${response?.status}`)
      response?.headers.add('X-Seen-By', name)
    },
    finished: ({ response }) => {
      notes.push(`${name} finished ${response?.status}`)
    },
  }
}

/** Sends a text to a proxy and returns the answer, once all filters know that it is over. */
async function visit(
  routes: readonly TestRoute[],
  options: TestProxyOptions,
  text = get,
): Promise<{ readonly text: string; readonly events: readonly string[] }> {
  await using proxy = await openTestProxy(routes, options)
  const received = await exchangeRaw(proxy.port, text)
  await recorded(proxy, 1)
  return { text: received, events: proxy.events }
}

async function recorded(proxy: TestProxy, count: number): Promise<void> {
  const deadline = performance.now() + 15_000
  while (proxy.records.length < count) {
    if (performance.now() > deadline) throw new Error('Waited in vain for the end of an exchange')
    await new Promise(setImmediate)
  }
}

describe('filters', () => {
  it('case 207: are asked in order: the listener’s before routing, the route’s after it and from then on alone', async () => {
    const notes: string[] = []
    await using upstream = await openEcho()
    const route = to(upstream.port, {
      filters: testChain(noting('one', notes), noting('two', notes)),
    })
    const { text } = await visit([route], { filters: testChain(noting('global', notes)) })
    expect(notes).toEqual([
      'global rewrite',
      'one access',
      'two access',
      'one head upstream 200',
      'two head upstream 200',
      'one finished 200',
      'two finished 200',
    ])
    expect(text.match(/X-Seen-By: \w+/g)).toEqual(['X-Seen-By: one', 'X-Seen-By: two'])
  })

  it('are asked in the same order when they take their time', async () => {
    const notes: string[] = []
    const slow = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
    await using upstream = await openEcho()
    const route = to(upstream.port, {
      filters: testChain(
        noting('one', notes, { access: slow }),
        noting('two', notes),
        noting('three', notes, { access: slow }),
      ),
    })
    const global = noting('global', notes, { rewrite: slow })
    const { text } = await visit([route], { filters: testChain(global) })
    expect(notes.slice(0, 4)).toEqual([
      'global rewrite',
      'one access',
      'two access',
      'three access',
    ])
    expect(text).toContain('GET /a?b HTTP/1.1')
  })

  it('case 210: that answer end the asking; those after them still see the answer', async () => {
    const notes: string[] = []
    const answering = (exchange: HttpExchange): void => {
      exchange.answer({ status: 401, headers: [['WWW-Authenticate', 'Key']], body: 'no' })
      exchange.answer({ status: 200, body: 'too late' })
    }
    const route = to(1, {
      filters: testChain(noting('one', notes, { access: answering }), noting('two', notes)),
    })
    const { text, events } = await visit([route], {})
    expect(text).toMatch(
      /^HTTP\/1\.1 401 Unauthorized\r\n[^]*WWW-Authenticate: Key\r\n[^]*\r\n\r\nno$/,
    )
    expect(text).toContain('Server: test/1')
    expect(text).not.toMatch(/Latency|Via/)
    expect(notes).toEqual([
      'one access',
      'one head filter 401',
      'two head filter 401',
      'one finished 401',
      'two finished 401',
    ])
    expect(events).toEqual([])
  })

  it('that answer before routing are the listener’s, and no route’s filter hears of it', async () => {
    const notes: string[] = []
    const route = to(1, { filters: testChain(noting('route', notes)) })
    const global = noting('global', notes, {
      rewrite: (exchange) => exchange.answer({ status: 200, body: Buffer.from('early') }),
    })
    const { text } = await visit([route], { filters: testChain(global, noting('last', notes)) })
    expect(text).toMatch(/\r\n\r\nearly$/)
    expect(notes).toEqual([
      'global rewrite',
      'global head filter 200',
      'last head filter 200',
      'global finished 200',
      'last finished 200',
    ])
  })

  it('are chosen in their turn, by whom the filters before them found', async () => {
    const asked: unknown[] = []
    const someone = { id: 'p1', credentialId: 'c1' }
    await using upstream = await openEcho()
    const route = to(upstream.port, {
      filters: [
        {
          name: 'authenticates',
          choose: (principal) => {
            asked.push(principal)
            return {
              access: async (exchange) => {
                await new Promise(setImmediate)
                exchange.principal = someone
              },
            }
          },
        },
        {
          name: 'limits',
          choose: (principal) => {
            asked.push(principal)
            return principal && { access: (exchange) => exchange.answer({ status: 429 }) }
          },
        },
      ],
    })
    expect((await visit([route], {})).text).toMatch(/^HTTP\/1\.1 429 Too Many Requests/)
    expect(asked).toEqual([undefined, someone])
  })

  it('case 211: see each kind of answer that the proxy gives by itself, exactly once', async () => {
    const seen: string[] = []
    const watching: HttpFilter = {
      rewrite: () => void seen.push('rewrite'),
      responseHead: ({ response, route }) =>
        void seen.push(`${response?.source} ${response?.status} ${route?.id}`),
      finished: ({ response, request }) => void seen.push(`${request.method} ${response?.status}`),
    }
    const filters = testChain(watching)
    const closed = await openTestUpstream(() => {})
    await closed[Symbol.asyncDispose]()
    await using silent = await openTestUpstream(() => {})
    const routed = (upstream: TestRoute['upstream']): TestRoute[] => [
      { filters, upstream: { ...upstream } },
    ]
    const target = { host: '127.0.0.1', port: closed.port }
    const cases: readonly (readonly [string, TestRoute[], string, readonly string[]])[] = [
      ['no route', [], get, ['rewrite', 'proxy 404 undefined', 'GET 404']],
      ['refused', routed({ target }), get, ['rewrite', 'proxy 502 r1', 'GET 502']],
      [
        'unresolved',
        routed({ target: { host: 'nowhere.invalid', port: 80 } }),
        get,
        ['rewrite', 'proxy 503 r1', 'GET 503'],
      ],
      [
        'timeout',
        routed({ target: { host: '127.0.0.1', port: silent.port }, readTimeoutMs: 30 }),
        get,
        ['rewrite', 'proxy 504 r1', 'GET 504'],
      ],
      [
        'upgrade required',
        [{ filters, match: { encryption: 'required' } }],
        get,
        ['rewrite', 'proxy 426 r1', 'GET 426'],
      ],
      ['malformed', [], 'PUT / HTTP/1.1\nHost: h\n\n', ['proxy 400 undefined', 'PUT 400']],
      [
        'long line',
        [],
        `GET /${'x'.repeat(9000)} HTTP/1.1\r\n`,
        ['proxy 414 undefined', 'GET 414'],
      ],
      [
        'large head',
        [],
        `GET / HTTP/1.1\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`,
        ['proxy 494 undefined', 'GET 494'],
      ],
      [
        'large body',
        [],
        'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n',
        ['proxy 413 undefined', 'POST 413'],
      ],
    ]
    for (const [name, routes, text, expected] of cases) {
      seen.length = 0
      // oxlint-disable-next-line no-await-in-loop -- they share a list
      await visit(routes, { filters, settings: { maxBodyBytes: 100 } }, text)
      expect([name, ...seen]).toEqual([name, ...expected])
    }
  })

  it('of a listener see what was read of a head that was refused', async () => {
    const seen: (string | undefined)[] = []
    const filters = testChain({
      finished: ({ request }) =>
        void seen.push(request.line, request.path, request.headers.get('accept')),
    })
    await using proxy = await openTestProxy([], { filters })
    using client = await RawClient.open(proxy.port)
    client.send('GET /x?y HTTP/1.1\r\nAcc')
    await new Promise(setImmediate)
    client.send(`ept: text/html\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`)
    expect(await client.end()).toMatch(/^HTTP\/1\.1 494 /)
    expect(seen).toEqual(['GET /x?y HTTP/1.1', '/x', 'text/html'])
  })

  it('learn of a client that leaves meanwhile, once, and what they wait for ends', async () => {
    const notes: string[] = []
    const faults: unknown[] = []
    const asked = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    await using upstream = await openEcho()
    const waits = noting('waits', notes, {
      access: async ({ request }) => {
        asked.resolve()
        await request.readBody().catch((error: unknown) => faults.push(error))
        await released.promise
      },
    })
    const route = to(upstream.port, { filters: testChain(waits, noting('after', notes)) })
    await using proxy = await openTestProxy([route])
    using client = await RawClient.open(proxy.port)
    client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe')
    await asked.promise
    client.socket.resetAndDestroy()
    await recorded(proxy, 1)
    released.resolve()
    await new Promise(setImmediate)
    expect(notes).toEqual(['waits access', 'waits finished 499', 'after finished 499'])
    expect(faults).toHaveLength(1)
    expect(upstream.accepted()).toBe(0)
    expect(proxy.records.map(({ status }) => status)).toEqual([499])
    expect(proxy.events).toEqual([])
  })

  it('know the client behind trusted peers', async () => {
    const seen: string[] = []
    await using upstream = await openEcho()
    const filters = testChain({ access: ({ client }) => void seen.push(client.address) })
    const claiming = get.replace('Connection', 'X-Real-IP: 10.9.8.7\r\nConnection')
    const { text } = await visit(
      [to(upstream.port, { filters })],
      { settings: { trustedPeers: ['127.0.0.1'] } },
      claiming,
    )
    expect(text).toContain('X-Real-IP: 10.9.8.7\r\n')
    await visit([to(upstream.port, { filters })], {}, claiming)
    expect(seen).toEqual(['10.9.8.7', '127.0.0.1'])
  })
})

describe('a filter that fails', () => {
  it.each<[string, HttpFilter]>([
    ['throws in access', { access: () => fail() }],
    ['rejects in access', { access: () => Promise.reject(new Error('broken')) }],
    ['throws in responseHead', { responseHead: () => fail() }],
    [
      'throws in a transformation',
      { responseHead: ({ response }) => response!.transformBody(() => fail()) },
    ],
    ['sets an illegal header', { access: ({ request }) => request.headers.set('X\r\nEvil', 'x') }],
    [
      'sets an illegal method',
      {
        access: ({ request }) => {
          request.method = 'GET / HTTP/1.1\r\n'
        },
      },
    ],
    ['answers with an illegal status', { access: (exchange) => exchange.answer({ status: 99 }) }],
    [
      'answers with an illegal header',
      { access: (exchange) => exchange.answer({ status: 200, headers: [['a b', 'c']] }) },
    ],
  ])('because it %s is told of, and the client gets 500', async (_how, filter) => {
    let finished = 0
    await using upstream = await openEcho()
    const filters = testChain(filter, { finished: () => void (finished += 1) })
    const { text, events } = await visit([to(upstream.port, { filters })], {})
    expect(text).toMatch(/^HTTP\/1\.1 500 Local\r\n[^]*\r\n\r\ninternal-error\n$/)
    expect(events.filter((event) => event.startsWith('fault: A filter failed: '))).toHaveLength(1)
    expect(finished).toBe(1)
  })

  it('at the end is told of and keeps none of the others from hearing of it', async () => {
    const heard: string[] = []
    const late = (): unknown => Promise.reject(new Error('late'))
    await using upstream = await openEcho()
    const filters = testChain(
      { finished: () => fail() },
      { finished: late },
      { finished: () => void heard.push('third') },
    )
    const { text, events } = await visit([to(upstream.port, { filters })], {})
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(heard).toEqual(['third'])
    await new Promise(setImmediate)
    expect(events.filter((event) => event.startsWith('fault'))).toEqual([
      'fault: A filter failed: broken',
      'fault: A filter failed: late',
    ])
  })
})

function fail(): never {
  throw new Error('broken')
}
