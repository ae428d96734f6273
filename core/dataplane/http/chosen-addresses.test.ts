import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import {
  ChooseError,
  type AddressChooser,
  type AddressWish,
  type AttemptResult,
} from '#core/dataplane/upstreams/address-chooser.ts'
import { openTestServer } from '#core/dataplane/stream/open-test-stream.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { openTestProxy, openTestUpstream, testChain, type TestRoute } from './open-test-proxy.ts'
import { exchangeRaw, RawClient } from './raw-client.ts'

const get = 'GET / HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n\r\n'

/** A route to a name that only a chooser can know. */
function toPool(upstream: TestRoute['upstream'] = {}, route: TestRoute = {}): TestRoute {
  return { ...route, upstream: { ...upstream, target: { host: 'pool', port: 80 } } }
}

interface Step {
  readonly port: number
  readonly targetHost?: string
}

/** Takes one step after the other and notes what it is asked and told. */
class ListChooser implements AddressChooser {
  readonly wishes: AddressWish[] = []
  readonly results: AttemptResult[] = []
  readonly #steps: (Step | Error)[]
  readonly #setCookie: string | undefined

  constructor(steps: readonly (Step | Error)[], setCookie?: string) {
    this.#steps = [...steps]
    this.#setCookie = setCookie
  }

  begin(wish: AddressWish): ReturnType<AddressChooser['begin']> {
    this.wishes.push(wish)
    return {
      setCookie: this.#setCookie,
      next: async () => {
        const step = this.#steps.shift()
        if (step === undefined) throw new Error('asked too often')
        if (step instanceof Error) throw step
        return {
          address: '127.0.0.1',
          port: step.port,
          targetHost: step.targetHost,
          report: (result) => void this.results.push(result),
        }
      },
    }
  }
}

/** Answers each request with its head. */
function openEcho(): ReturnType<typeof openTestUpstream> {
  return openTestUpstream((socket) => {
    socket.on('data', (bytes) => {
      const head = bytes.toString('latin1').split('\r\n\r\n')[0]!
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\n\r\n${head}`, 'latin1')
    })
  })
}

async function closedPort(): Promise<number> {
  await using upstream = await openTestUpstream(() => {})
  return upstream.port
}

describe('a request to a pool', () => {
  it('asks for an address with each attempt, and tells what came of it', async () => {
    await using upstream = await openEcho()
    const chooser = new ListChooser([
      { port: await closedPort() },
      { port: await closedPort() },
      { port: upstream.port },
    ])
    await using proxy = await openTestProxy([toPool({ retries: 5 })], { chooser })
    expect(await exchangeRaw(proxy.port, get)).toMatch(/^HTTP\/1\.1 200 /)
    expect(chooser.wishes).toHaveLength(1)
    expect(chooser.results).toEqual([
      { kind: 'connect-failed' },
      { kind: 'connect-failed' },
      { kind: 'status', status: 200 },
    ])
  })

  it('tells of time-outs and of connections that break off', async () => {
    await using silent = await openTestUpstream(() => {})
    await using breaking = await openTestUpstream((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const chooser = new ListChooser([{ port: breaking.port }, { port: silent.port }])
    await using proxy = await openTestProxy([toPool({ retries: 1, readTimeoutMs: 500 })], {
      chooser,
    })
    expect(await exchangeRaw(proxy.port, get)).toMatch(/^HTTP\/1\.1 504 /)
    expect(chooser.results).toEqual([{ kind: 'connect-failed' }, { kind: 'timeout' }])
  })

  it('is called by the target it goes to, unless the client’s Host is preserved', async () => {
    await using upstream = await openEcho()
    const step = { port: upstream.port, targetHost: 'target.test' }
    const chooser = new ListChooser([step, step])
    const preserving = toPool({}, { match: { methods: ['PUT'] }, forward: { preserveHost: true } })
    await using proxy = await openTestProxy([toPool(), preserving], { chooser })
    expect(await exchangeRaw(proxy.port, get)).toContain(
      `\r\nHost: target.test:${upstream.port}\r\n`,
    )
    expect(await exchangeRaw(proxy.port, get.replace('GET', 'PUT'))).toContain(
      '\r\nHost: client.test\r\n',
    )
  })

  it('greets the target by its name in TLS, and shares connections of that name only', async () => {
    const { certificate: cert, privateKey: key } = await selfSigned(kongSubject)
    const names: unknown[] = []
    await using server = await openTestServer(
      () => {},
      () =>
        createTlsServer({ cert, key }, (socket) => {
          names.push(socket.servername)
          socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
        }),
    )
    const chooser = new ListChooser(
      ['a.test', 'b.test', 'a.test'].map((targetHost) => ({ port: server.port, targetHost })),
    )
    await using proxy = await openTestProxy([toPool({ transport: 'tls' })], { chooser })
    using client = await RawClient.open(proxy.port)
    for (let count = 1; count <= 3; count++) {
      client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
      // oxlint-disable-next-line no-await-in-loop -- one request after the other
      await client.until(({ received }) => received.split('200 OK').length === count + 1)
    }
    expect(names).toEqual(['a.test', 'b.test'])
  })

  it('presents the upstream’s identity to a server that wants one', async () => {
    const [server, own] = await Promise.all([selfSigned(kongSubject), selfSigned(kongSubject)])
    const { promise, resolve } = Promise.withResolvers<unknown>()
    await using upstream = await openTestServer(
      () => {},
      () =>
        createTlsServer(
          {
            cert: server.certificate,
            key: server.privateKey,
            requestCert: true,
            rejectUnauthorized: false,
          },
          (socket) => {
            resolve(socket.getPeerX509Certificate()?.toString())
            socket.end('HTTP/1.1 204 No Content\r\n\r\n')
          },
        ),
    )
    const route = {
      upstream: { target: upstream.target, transport: 'tls', identity: own },
    } as const
    await using proxy = await openTestProxy([route])
    expect(await exchangeRaw(proxy.port, get)).toMatch(/^HTTP\/1\.1 204 /)
    const lines = (pem: unknown): readonly string[] => String(pem).trim().split(/\r?\n/)
    expect(lines(await promise)).toEqual(lines(own.certificate))
  })

  it('tells who asks, and gives the client its cookie, also when all attempts fail', async () => {
    await using upstream = await openEcho()
    const steps = [{ port: upstream.port }, { port: await closedPort() }]
    const chooser = new ListChooser(steps, 'pool=1; Path=/')
    const filters = testChain({
      access: (exchange) => {
        exchange.principal = { id: 'p', credentialId: 'c' }
        exchange.request.headers.set('X-Set', 'by a filter')
      },
    })
    await using proxy = await openTestProxy([toPool({}, { filters })], { chooser })
    const asked = get.replace(
      'Connection',
      'Cookie: a=b; other="x"\r\nCookie: third=3\r\nConnection',
    )
    const answer = await exchangeRaw(proxy.port, asked)
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*Set-Cookie: pool=1; Path=\/\r\n/)
    const [wish] = chooser.wishes
    expect(wish).toMatchObject({ host: 'pool', port: 80 })
    const { facts } = wish!
    expect([facts.principalId, facts.credentialId, facts.clientAddress]).toEqual([
      'p',
      'c',
      '127.0.0.1',
    ])
    expect(['x-set', 'HOST', 'none'].map((name) => facts.header(name))).toEqual([
      'by a filter',
      'client.test',
      undefined,
    ])
    expect(['a', 'other', 'third', 'b'].map((name) => facts.cookie(name))).toEqual([
      'b',
      '"x"',
      '3',
      undefined,
    ])
    expect(await exchangeRaw(proxy.port, get)).toMatch(
      /^HTTP\/1\.1 502 [^]*Set-Cookie: pool=1; Path=\/\r\n/,
    )
  })

  it.each([
    ['no-healthy-target', 'no-healthy-target\n'],
    ['name-resolution', 'name-resolution-failed\n'],
  ] as const)('that finds no address (%s) is answered with 503', async (kind, body) => {
    const chooser = new ListChooser([new ChooseError(kind, 'nobody there')])
    await using proxy = await openTestProxy([toPool({ retries: 3 })], { chooser })
    const answer = await exchangeRaw(proxy.port, get)
    expect(answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(answer.endsWith(body)).toBe(true)
    expect(answer).not.toMatch(/Latency/)
    expect(proxy.events).toEqual(['dial failed 1: nobody there'])
  })

  it('that finds no further address after a failure is answered with 503 as well', async () => {
    const chooser = new ListChooser([
      { port: await closedPort() },
      new ChooseError('no-healthy-target', 'nobody left'),
    ])
    await using proxy = await openTestProxy([toPool({ retries: 3 })], { chooser })
    expect(await exchangeRaw(proxy.port, get)).toMatch(/^HTTP\/1\.1 503 [^]*\r\n\r\n503\n$/)
  })

  it('that is left by its client while an address is awaited, goes nowhere', async () => {
    await using upstream = await openEcho()
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const chooser: AddressChooser = {
      begin: () => ({
        setCookie: undefined,
        next: async () => {
          asked.resolve()
          await answer.promise
          return {
            address: '127.0.0.1',
            port: upstream.port,
            targetHost: undefined,
            report: () => {},
          }
        },
      }),
    }
    await using proxy = await openTestProxy([toPool()], { chooser })
    using client = await RawClient.open(proxy.port)
    client.send(get)
    await asked.promise
    client.socket.resetAndDestroy()
    await client.until(() => proxy.records.length === 1)
    answer.resolve()
    await new Promise(setImmediate)
    expect(upstream.accepted()).toBe(0)
    expect(proxy.records.map(({ status }) => status)).toEqual([499])
  })
})

describe('the trace of a route', () => {
  const routeTrace = {
    requestHeader: 'Kong-Debug',
    describe: ({ id }: { readonly id: string }) => [['Kong-Route-Id', id] as const],
  }
  const debug = get.replace('Connection', 'kong-debug: 1\r\nConnection')

  it('is told to clients that ask, with every answer to a request that a route took', async () => {
    await using upstream = await openEcho()
    const routes: readonly TestRoute[] = [
      { upstream: { target: { host: '127.0.0.1', port: upstream.port } } },
      {
        match: { methods: ['PUT'] },
        upstream: { target: { host: '127.0.0.1', port: await closedPort() } },
      },
    ]
    await using proxy = await openTestProxy(routes, { settings: { routeTrace } })
    const put = debug.replace('GET', 'PUT')
    expect(await exchangeRaw(proxy.port, debug)).toMatch(
      /^HTTP\/1\.1 200 [^]*Kong-Route-Id: r1\r\n/,
    )
    expect(await exchangeRaw(proxy.port, put)).toMatch(/^HTTP\/1\.1 502 [^]*Kong-Route-Id: r2\r\n/)
    expect(await exchangeRaw(proxy.port, get)).not.toContain('Kong-Route-Id')
    await using empty = await openTestProxy([], { settings: { routeTrace } })
    expect(await exchangeRaw(empty.port, debug)).not.toContain('Kong-Route-Id')
  })

  it.each([
    ['no filters', undefined],
    ['filters', testChain({})],
  ] as const)(
    'is that of the first node, once, where the upstream is a node, too: %s',
    async (_, filters) => {
      const traced =
        'HTTP/1.1 200 OK\r\nKong-Route-Id: elsewhere\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n'
      await using upstream = await openTestUpstream((socket) => {
        socket.on('data', () => socket.write(traced))
      })
      const target = { host: '127.0.0.1', port: upstream.port }
      await using proxy = await openTestProxy(
        [{ upstream: { target }, ...(filters && { filters }) }],
        {
          settings: { routeTrace },
        },
      )
      const answer = await exchangeRaw(proxy.port, debug)
      expect(answer.match(/^Kong-Route-Id: .*$/gim)).toEqual(['Kong-Route-Id: r1'])
      expect(answer).toContain('Set-Cookie: a=1')
      expect(await exchangeRaw(proxy.port, get)).toContain('Kong-Route-Id: elsewhere')
    },
  )
})
