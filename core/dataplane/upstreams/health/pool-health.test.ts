import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { openTestServer, type TestServer } from '#core/dataplane/stream/open-test-stream.ts'
import type { AttemptResult } from '#core/dataplane/upstreams/address-chooser.ts'
import {
  openAddressChooser,
  type RunningAddressChooser,
} from '#core/dataplane/upstreams/open-address-chooser.ts'
import {
  begin,
  spread,
  testPool,
  type TestPool,
} from '#core/dataplane/upstreams/pools/test-pool.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'

describe('passive checks', () => {
  it.each<[string, TestPool['passive'], AttemptResult]>([
    ['http failures', { httpFailures: 2 }, { kind: 'status', status: 500 }],
    ['tcp failures', { tcpFailures: 2 }, { kind: 'connect-failed' }],
    ['timeouts', { timeouts: 2 }, { kind: 'timeout' }],
    ['tcp failures of streams', { kind: 'tcp', tcpFailures: 2 }, { kind: 'connect-failed' }],
  ])('case 235: %s in a row move the traffic away', async (_what, passive, result) => {
    await using lab = open({ targets: two, passive: passive ?? {} })
    await lab.report(1, result)
    expect(await spread(lab.chooser, 2)).toEqual({ '127.0.0.1:1': 1, '127.0.0.1:2': 1 })
    await lab.report(1, { kind: 'status', status: 404 })
    await lab.report(1, result)
    expect(await spread(lab.chooser, 4)).toEqual({ '127.0.0.1:2': 4 })
    expect(lab.health()).toEqual(['unhealthy', 'healthy'])
    expect(lab.lines).toEqual(['warn 127.0.0.1:1 of the pool pool is unhealthy'])
  })

  it('case 235: a good answer in between starts the count again', async () => {
    await using lab = open({ targets: two, passive: { httpFailures: 2, timeouts: 1 } })
    const failed = { kind: 'status', status: 500 } as const
    await lab.report(1, failed)
    await lab.report(1, { kind: 'status', status: 200 })
    await lab.report(1, failed)
    expect(lab.health()).toEqual(['healthy', 'healthy'])
  })

  it('case 235: thresholds of 0 check nothing', async () => {
    await using lab = open({ targets: two, passive: {} })
    for (const kind of ['timeout', 'connect-failed'] as const) await lab.report(1, { kind })
    await lab.report(1, { kind: 'status', status: 500 })
    expect(await spread(lab.chooser, 2)).toEqual({ '127.0.0.1:1': 1, '127.0.0.1:2': 1 })
    expect(lab.health()).toEqual(['unchecked', 'unchecked'])
  })

  it('keeps its judgement when the pool is applied anew, until the target is removed', async () => {
    const pool: TestPool = { targets: two, passive: { tcpFailures: 1 } }
    await using lab = open(pool)
    await lab.report(1, { kind: 'connect-failed' })
    lab.apply({ ...pool, targets: [...two, '127.0.0.1:3'] })
    expect(lab.health()).toEqual(['unhealthy', 'healthy', 'healthy'])
    lab.apply({ ...pool, targets: ['127.0.0.1:2'] })
    lab.apply(pool)
    expect(lab.health()).toEqual(['healthy', 'healthy'])
  })

  it('moves hashed clients of an unhealthy target, and nobody else, and back', async () => {
    const pool: TestPool = {
      targets: [...two, '127.0.0.1:3'],
      hashOn: { kind: 'client-address' },
      passive: { tcpFailures: 1 },
    }
    await using lab = open(pool)
    const places = async (): Promise<number[]> => {
      const ports: number[] = []
      for (let i = 0; i < 60; i++) {
        ports.push((await begin(lab.chooser, { clientAddress: `10.0.0.${i}` }).next()).port)
      }
      return ports
    }
    const before = await places()
    await lab.report(1, { kind: 'connect-failed' })
    const during = await places()
    expect(during).not.toContain(1)
    expect(before.filter((port, i) => port !== 1 && port !== during[i])).toEqual([])
    lab.apply({ ...pool, targets: [said(true, 5), '127.0.0.1:2', '127.0.0.1:3'] })
    expect(await places()).toEqual(before)
  })
})

describe("an operator's word", () => {
  it('case 235: counts at once, the newest wins, and it starts the counts again', async () => {
    const passive = { httpFailures: 2 }
    await using lab = open({ targets: two, passive })
    const failed = { kind: 'status', status: 500 } as const
    await lab.report(1, failed)
    lab.apply({ targets: [said(true, 10), '127.0.0.1:2'], passive })
    await lab.report(1, failed)
    expect(lab.health()).toEqual(['healthy', 'healthy'])
    lab.apply({ targets: [said(false, 20), '127.0.0.1:2'], passive })
    expect(await spread(lab.chooser, 2)).toEqual({ '127.0.0.1:2': 2 })
    lab.apply({ targets: [said(true, 15), '127.0.0.1:2'], passive })
    expect(lab.health()).toEqual(['unhealthy', 'healthy'])
    lab.apply({ targets: [said(true, 30), '127.0.0.1:2'], passive })
    expect(await spread(lab.chooser, 2)).toEqual({ '127.0.0.1:1': 1, '127.0.0.1:2': 1 })
  })

  it('gives way to what is found out later, also when it is applied again', async () => {
    const pool: TestPool = { targets: [said(true, 10), '127.0.0.1:2'], passive: { tcpFailures: 1 } }
    await using lab = open(pool)
    await lab.report(1, { kind: 'connect-failed' })
    lab.apply(pool)
    expect(lab.health()).toEqual(['unhealthy', 'healthy'])
  })

  it('holds no longer when it is taken back', async () => {
    await using lab = open({ targets: [said(false, 10), '127.0.0.1:2'] })
    lab.apply({ targets: two })
    expect(await spread(lab.chooser, 2)).toEqual({ '127.0.0.1:1': 1, '127.0.0.1:2': 1 })
  })

  it('holds without checks, too', async () => {
    await using lab = open({ targets: [said(false, 1), '127.0.0.1:2'] })
    expect(await spread(lab.chooser, 2)).toEqual({ '127.0.0.1:2': 2 })
    expect(lab.health()).toEqual(['unchecked', 'unchecked'])
  })
})

describe('active checks', () => {
  it.each(['http', 'https'] as const)(
    'case 235: %s probes move the traffic away from a failing target, and back',
    async (kind) => {
      await using good = await openWeb(kind)
      await using bad = await openWeb(kind)
      await using lab = open({
        targets: [good.at, bad.at],
        active: { ...quick, kind, path: '/status', verifyCertificate: false },
      })
      bad.status = 500
      await expect.poll(() => lab.health()).toEqual(['healthy', 'unhealthy'])
      expect(await spread(lab.chooser, 4)).toEqual({ [good.at]: 4 })
      bad.status = 200
      await expect.poll(() => lab.health()).toEqual(['healthy', 'healthy'])
      expect(await spread(lab.chooser, 4)).toEqual({ [good.at]: 2, [bad.at]: 2 })
      expect(new Set(bad.requests)).toEqual(new Set(['GET /status 127.0.0.1']))
      expect(lab.lines).toEqual([
        `warn ${bad.at} of the pool pool is unhealthy`,
        `notice ${bad.at} of the pool pool is healthy`,
      ])
    },
  )

  it('case 235: tcp probes notice a port that closes, and one that opens again', async () => {
    let server: TestServer | undefined = await openTestServer((socket) => socket.resume())
    const { port } = server
    await using lab = open({ targets: [`127.0.0.1:${port}`], active: { ...quick, kind: 'tcp' } })
    await server[Symbol.asyncDispose]()
    await expect.poll(() => lab.health()).toEqual(['unhealthy'])
    server = await openTestServer(
      (socket) => socket.resume(),
      (serve) => listeningOn(port, serve),
    )
    await expect.poll(() => lab.health()).toEqual(['healthy'])
    await server[Symbol.asyncDispose]()
  })

  it('calls a silent target late and one that speaks otherwise broken', async () => {
    await using silent = await openTestServer((socket) => socket.resume())
    await using strange = await openTestServer((socket) => socket.end('220 hello\r\n'))
    const targets = [`127.0.0.1:${silent.port}`, `127.0.0.1:${strange.port}`]
    // A busy machine is not to be late itself.
    const active = { ...quick, timeoutMs: 500 }
    const only = (thresholds: object) => ({
      ...active,
      thresholds: { successes: 0, ...thresholds },
    })
    await using late = open({ targets, active: only({ timeouts: 1 }) })
    await using broken = open({ targets, active: only({ tcpFailures: 1 }) })
    await expect.poll(() => late.health()).toEqual(['unhealthy', 'healthy'])
    await expect.poll(() => broken.health()).toEqual(['healthy', 'unhealthy'])
  })

  it('checks certificate and name when it is told to', async () => {
    await using web = await openWeb('https')
    const active = { ...quick, kind: 'https', verifyCertificate: true } as const
    const lab = (authorities: readonly string[] | undefined, serverName: string) =>
      open({ targets: [web.at], active: { ...active, serverName } }, authorities)
    await using stranger = lab(undefined, 'localhost')
    await using misnamed = lab([web.certificate], 'other.test')
    await using trusted = lab([web.certificate], 'localhost')
    await expect.poll(() => stranger.health()).toEqual(['unhealthy'])
    await expect.poll(() => misnamed.health()).toEqual(['unhealthy'])
    await expect.poll(() => web.requests.length).toBeGreaterThan(3)
    expect(trusted.health()).toEqual(['healthy'])
    expect(new Set(web.names)).toEqual(new Set(['localhost', 'other.test']))
  })

  it('probes only those whose interval is above 0', async () => {
    await using web = await openWeb('http')
    const pool = (healthy: boolean): TestPool => ({
      targets: [{ at: web.at, said: { healthy, at: healthy ? 2 : 1 } }],
      active: { ...quick, healthyIntervalMs: 20, unhealthyIntervalMs: 0 },
    })
    await using lab = open(pool(false))
    await using control = open(pool(true))
    await expect.poll(() => web.requests.length).toBeGreaterThan(3)
    await control[Symbol.asyncDispose]()
    const before = await untilQuiet(web)
    lab.apply(pool(true))
    await expect.poll(() => web.requests.length).toBeGreaterThan(before)
  })

  it('probes no more than it may at the same time', async () => {
    const waiting = new Set<Socket>()
    let most = 0
    await using server = await openTestServer((socket) => {
      socket.once('data', () => {
        waiting.add(socket)
        most = Math.max(most, waiting.size)
        // A fourth one, were there any, would come in the meantime.
        if (waiting.size === 3) setTimeout(release, 20)
      })
    })
    const release = (): void => {
      for (const socket of waiting) socket.end('HTTP/1.0 200 OK\r\n\r\n')
      rounds += 1
      waiting.clear()
    }
    let rounds = 0
    const targets = Array.from({ length: 12 }, (_, i) => `n${i}.localhost:${server.port}`)
    await using lab = open({ targets, active: { ...quick, concurrency: 3, timeoutMs: 5000 } })
    await expect.poll(() => rounds).toBeGreaterThan(8)
    expect(most).toBe(3)
    expect(new Set(lab.health())).toEqual(new Set(['healthy']))
  })

  it('stops when the pool goes and when the chooser is disposed of', async () => {
    await using web = await openWeb('http')
    const pool: TestPool = { targets: [web.at], active: { ...quick } }
    const lab = open(pool)
    await expect.poll(() => web.requests.length).toBeGreaterThan(1)
    lab.chooser.apply({ pools: [] })
    const stopped = await untilQuiet(web)
    expect(lab.chooser.health('pool-id')).toEqual([])
    lab.apply(pool)
    await expect.poll(() => web.requests.length).toBeGreaterThan(stopped + 1)
    await lab[Symbol.asyncDispose]()
    await untilQuiet(web)
  })
})

const two = ['127.0.0.1:1', '127.0.0.1:2']

const quick = {
  healthyIntervalMs: 20,
  unhealthyIntervalMs: 20,
  thresholds: { successes: 2, httpFailures: 2, tcpFailures: 2, timeouts: 2 },
} as const

function said(healthy: boolean, at: number) {
  return { at: '127.0.0.1:1', said: { healthy, at } }
}

interface Lab extends AsyncDisposable {
  readonly chooser: RunningAddressChooser
  readonly lines: readonly string[]
  apply(pool: TestPool): void
  health(): readonly string[]
  /** Lets a request that went to this port come out so. */
  report(port: number, result: AttemptResult): Promise<void>
}

function open(pool: TestPool, trustedAuthorities?: readonly string[]): Lab {
  const lines: string[] = []
  const chooser = openAddressChooser({
    report: (level, line) => lines.push(`${level} ${line}`),
    trustedAuthorities,
  })
  chooser.apply({ pools: [testPool(pool)] })
  return {
    chooser,
    lines,
    apply: (next) => chooser.apply({ pools: [testPool(next)] }),
    health: () => chooser.health('pool-id').map(({ health }) => health),
    report: async (port, result) => {
      for (let i = 0; i < 100; i++) {
        // oxlint-disable-next-line no-await-in-loop -- until it is the turn of this port
        const chosen = await begin(chooser, { clientAddress: `10.0.0.${i}` }).next()
        if (chosen.port === port) return chosen.report(result)
      }
      throw new Error(`Nothing goes to port ${port}`)
    },
    [Symbol.asyncDispose]: () => chooser[Symbol.asyncDispose](),
  }
}

interface TestWeb extends AsyncDisposable {
  /** Address and port. */
  readonly at: string
  readonly requests: string[]
  readonly names: string[]
  readonly certificate: string
  status: number
}

async function openWeb(kind: 'http' | 'https'): Promise<TestWeb> {
  const requests: string[] = []
  const names: string[] = []
  const { certificate: cert, privateKey: key } = await selfSigned(kongSubject)
  const server = await openTestServer(
    () => {},
    (): Server => {
      const made =
        kind === 'http'
          ? createServer()
          : createTlsServer({
              cert,
              key,
              SNICallback: (name, done) => {
                names.push(name)
                done(null)
              },
            })
      made.on('request', ({ method, url, headers }, response) => {
        requests.push(`${method} ${url} ${headers.host}`)
        response.writeHead(web.status).end('hello')
      })
      return made
    },
  )
  const web: TestWeb = {
    at: `127.0.0.1:${server.port}`,
    requests,
    names,
    certificate: cert,
    status: 200,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
  return web
}

/** A server whose `listen` takes the given port, whatever it is asked for. */
function listeningOn(port: number, serve: Parameters<typeof createTcpServer>[1]) {
  const server = createTcpServer({ allowHalfOpen: true }, serve)
  const listen = server.listen.bind(server)
  return Object.assign(server, { listen: () => listen(port, '127.0.0.1') })
}

/** Waits until no more probes come for as long as several would take, and tells how many came: some may be under way. */
async function untilQuiet({ requests }: TestWeb): Promise<number> {
  for (;;) {
    const before = requests.length
    // oxlint-disable-next-line no-await-in-loop -- until nothing comes
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (requests.length === before) return before
  }
}
