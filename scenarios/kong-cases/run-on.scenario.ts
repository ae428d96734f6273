import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
} from '#scenarios/support/kong-cluster.ts'
import { askStream } from '#scenarios/support/stream-client.ts'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'

const examples = fileURLToPath(new URL('../../examples/plugins', import.meta.url))
const plugins = `bundled, ${examples}/short-circuit.ts, ${examples}/short-circuit-last.ts`
const filler = `${'a line that only fills '.repeat(4)}\n`

type Given = readonly [name: 'short-circuit' | 'short-circuit-last', runOn: string, status: number]

interface Case {
  /** Case numbers over HTTP and HTTPS, and over TCP and TLS. */
  readonly web: string
  readonly stream: string
  readonly message: string
  readonly given: readonly Given[]
}

const onFirst: readonly Case[] = [
  {
    web: '1, 2',
    stream: '13, 14',
    message: 'first-on-first',
    given: lastAnswers('second', 'first'),
  },
  {
    web: '7, 8',
    stream: '19, 20',
    message: 'second-on-first',
    given: lastAnswers('second', 'all'),
  },
  { web: '9, 10', stream: '21, 22', message: 'all-on-first', given: firstAnswers('all', 'second') },
]

const onSecond: readonly Case[] = [
  {
    web: '3, 4',
    stream: '15, 16',
    message: 'first-on-second',
    given: lastAnswers('first', 'second'),
  },
  {
    web: '5, 6',
    stream: '17, 18',
    message: 'second-on-second',
    given: firstAnswers('second', 'first'),
  },
  { web: '11, 12', stream: '23, 24', message: 'all-on-second', given: lastAnswers('first', 'all') },
]

/** Both plugins, of which the one that must answer does so with 503 and the other one with 500. */
function lastAnswers(firstRunsOn: string, lastRunsOn: string): readonly Given[] {
  return [
    ['short-circuit', firstRunsOn, 500],
    ['short-circuit-last', lastRunsOn, 503],
  ]
}

function firstAnswers(firstRunsOn: string, lastRunsOn: string): readonly Given[] {
  return [
    ['short-circuit', firstRunsOn, 503],
    ['short-circuit-last', lastRunsOn, 500],
  ]
}

let cluster: KongCluster
let first: KongNode
let second: KongNode
beforeAll(async () => {
  cluster = await openKongCluster()
  first = await cluster.start('kong-1', { plugins, stream_listen: 'ADDRESS:18000' })
  second = await cluster.start('kong-2', {
    plugins,
    admin_listen: 'off',
    stream_listen: 'ADDRESS:19444, ADDRESS:19000',
  })
  await joinedMesh([first, second])
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('run_on over HTTP', () => {
  it.for(onFirst)('cases $web: $message', async ({ message, given }) => {
    await using route = await openRoute({ hosts: [host(message)] }, await echo('http'), given)
    expect(await answers(route.host)).toEqual(bothAnswer(503, message))
  })

  it("control: on the first node 'first' alone answers, and 'second' alone leaves it to the service", async () => {
    const hosts = [host('alone')]
    const service = await echo('http')
    await using first503 = await openRoute({ hosts }, service, [['short-circuit', 'first', 503]])
    expect(await answers(first503.host)).toEqual(bothAnswer(503, 'alone'))
    await first503[Symbol.asyncDispose]()
    await using free = await openRoute({ hosts }, service, [['short-circuit', 'second', 500]])
    expect(await answers(free.host)).toEqual(bothAnswer(200, undefined))
  })

  it.for(onSecond)('cases $web: $message', async ({ message, given }) => {
    const hosts = [host(message)]
    // The second node sees the path that the first one made.
    await using _first = await openRoute({ hosts, paths: ['/'] }, await nodeService('https', 8443))
    await using route = await openRoute(
      { hosts, paths: ['/status/200'] },
      await echo('http'),
      given,
    )
    expect(await answers(route.host)).toEqual(bothAnswer(503, message))
  })

  it('control: over plain HTTP the second node is a first one to whoever calls it', async () => {
    const hosts = [host('plain')]
    await using _first = await openRoute(
      { hosts, paths: ['/'], preserve_host: true },
      await nodeService('http', 8000),
    )
    await using route = await openRoute(
      { hosts, paths: ['/status/200'] },
      await echo('http'),
      lastAnswers('second', 'first'),
    )
    expect(await answers(route.host)).toEqual(bothAnswer(503, 'plain'))
  })

  it('falls back on each node to the closest configuration that runs there', async () => {
    const hosts = [host('fall')]
    await using _first = await openRoute({ hosts, paths: ['/'] }, await nodeService('https', 8443))
    const service = await echo('http')
    await using route = await openRoute({ hosts, paths: ['/status/200'] }, service)
    await using _global = await openPlugin({ run_on: 'first' }, 'global')
    await using _service = await openPlugin(
      { run_on: 'second', service: { id: service } },
      'service',
    )
    await using _route = await openPlugin({ run_on: 'first', route: { id: route.id } }, 'route')
    // Through the first node its own configuration counts, since it sees another route.
    expect((await first.get('/', { host: route.host })).body['message']).toBe('global')
    await _global[Symbol.asyncDispose]()
    expect((await first.get('/', { host: route.host })).body['message']).toBe('service')
    expect((await second.get('/status/200', { host: route.host })).body['message']).toBe('route')
  })
})

describe('run_on over streams', () => {
  it.for(onFirst)('cases $stream: $message', async ({ message, given }) => {
    await using _route = await openStreamRoute(18_000, await echo('tcp'), given, message)
    expect(await streamed()).toEqual(bothStreamed(message))
  })

  it.for(onSecond)('cases $stream: $message', async ({ message, given }) => {
    await using _first = await openStreamRoute(18_000, await nodeService('tls', 19_444))
    await using _second = await openStreamRoute(19_444, await echo('tcp'), given, message)
    expect(await streamed()).toEqual(bothStreamed(message))
  })

  it('control: over plain TCP the second node is a first one to whoever calls it', async () => {
    await using _first = await openStreamRoute(18_000, await nodeService('tcp', 19_000))
    await using _second = await openStreamRoute(
      19_000,
      await echo('tcp'),
      lastAnswers('second', 'first'),
      'plain',
    )
    // A TLS client of the first node sends nothing, and neither does the first node then.
    expect((await ask('tcp'))['message']).toBe('plain')
  })
})

interface OpenRoute extends AsyncDisposable {
  readonly id: string
  readonly host: string
}

async function openRoute(
  match: { readonly hosts: readonly string[] } & Readonly<Record<string, unknown>>,
  service: string,
  given: readonly Given[] = [],
): Promise<OpenRoute> {
  const { id } = await first.configure('POST', `/services/${service}/routes`, match)
  const routeHost = match.hosts[0] ?? ''
  const message = routeHost.replace('.test', '')
  await configurePlugins(String(id), given, message)
  await heardOfChanges(first, [second])
  return { id: String(id), host: routeHost, [Symbol.asyncDispose]: () => remove(`/routes/${id}`) }
}

async function openStreamRoute(
  port: number,
  service: string,
  given: readonly Given[] = [],
  message = '',
): Promise<AsyncDisposable> {
  const { id } = await first.configure('POST', `/services/${service}/routes`, {
    protocols: ['tcp', 'tls'],
    destinations: [{ port }],
  })
  await configurePlugins(String(id), given, message)
  await heardOfChanges(first, [second])
  return { [Symbol.asyncDispose]: () => remove(`/routes/${id}`) }
}

async function configurePlugins(
  routeId: string,
  given: readonly Given[],
  message: string,
): Promise<void> {
  for (const [name, run_on, status] of given) {
    // oxlint-disable-next-line no-await-in-loop
    await first.configure('POST', `/routes/${routeId}/plugins`, {
      name,
      run_on,
      protocols: ['http', 'https', 'tcp', 'tls'],
      config: { status, message },
    })
  }
}

async function openPlugin(bound: object, message: string): Promise<AsyncDisposable> {
  const { id } = await first.configure('POST', '/plugins', {
    name: 'short-circuit',
    config: { status: 503, message },
    ...bound,
  })
  await heardOfChanges(first, [second])
  return { [Symbol.asyncDispose]: () => remove(`/plugins/${id}`) }
}

/** Both nodes go by it before they go by whatever is made later. */
async function remove(path: string): Promise<void> {
  await first.admin('DELETE', path)
}

async function echo(protocol: 'http' | 'tcp'): Promise<string> {
  const { address, ports } = cluster.echo
  const { id } = await first.configure('POST', '/services', {
    url: `${protocol}://${address}:${ports[protocol]}`,
  })
  return String(id)
}

/** A service that is the second node itself. */
async function nodeService(protocol: string, port: number): Promise<string> {
  const path = protocol.startsWith('http') ? '/status/200' : ''
  const { id } = await first.configure('POST', '/services', {
    url: `${protocol}://${second.address}:${port}${path}`,
  })
  return String(id)
}

function host(message: string): string {
  return `${message}.test`
}

async function answers(routeHost: string): Promise<readonly unknown[]> {
  const plain = await first.get('/', { host: routeHost })
  const secure = await first.get('/', { host: routeHost, tls: { serverName: routeHost } })
  return [plain, secure].map(({ status, body }) => [status, body['message']])
}

function bothAnswer(status: number, message: string | undefined): readonly unknown[] {
  return [
    [status, message],
    [status, message],
  ]
}

async function streamed(): Promise<readonly unknown[]> {
  return [await ask('tcp'), await ask('tls')]
}

async function ask(protocol: 'tcp' | 'tls'): Promise<Readonly<Record<string, unknown>>> {
  const sent = protocol === 'tcp' ? { send: filler } : { tls: { serverName: 'run-on.test' } }
  const { text } = await askStream({ address: first.address, port: 18_000, end: false, ...sent })
  return JSON.parse(text)
}

function bothStreamed(message: string): readonly unknown[] {
  return [
    { status: 503, message },
    { status: 503, message },
  ]
}
