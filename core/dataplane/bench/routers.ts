import { chooseHttpRoute, type RequestFacts } from '#core/dataplane/http/choose-http-route.ts'
import { testRoute } from '#core/dataplane/http/open-test-proxy.ts'
import { testStreamRoute } from '#core/dataplane/stream/open-test-stream.ts'
import { candidatesOf } from '#core/dataplane/stream/stream-route-index.ts'
import type { HttpMatch } from '#core/model/http-route.ts'
import type { StreamMatch } from '#core/model/stream-route.ts'

/**
 * `node core/dataplane/bench/routers.ts`: CPU time to choose one of 10,000 routes, on average; median of five runs of
 * 200,000 choices.
 */
const count = 10_000

const figures: Record<string, Record<string, string>> = {}

const httpShapes: Readonly<
  Record<
    string,
    readonly [
      match: (index: number) => Partial<HttpMatch>,
      request: (index: number) => Partial<RequestFacts>,
    ]
  >
> = {
  hosts: [(index) => ({ hosts: [`h${index}.test`] }), (index) => ({ host: `h${index}.test` })],
  'wildcard hosts': [
    (index) => ({ hosts: [`*.h${index}.test`] }),
    (index) => ({ host: `a.h${index}.test` }),
  ],
  'path prefixes': [
    (index) => ({ paths: [{ kind: 'prefix', prefix: `/p/${index}` }] }),
    (index) => ({ path: `/p/${index}/rest/of/it` }),
  ],
  'host, path and method': [
    (index) => ({
      hosts: [`h${index % 100}.test`],
      paths: [{ kind: 'prefix', prefix: `/p/${index}` }],
      methods: ['GET'],
    }),
    (index) => ({ host: `h${index % 100}.test`, path: `/p/${index}/x` }),
  ],
  'no route matches': [(index) => ({ hosts: [`h${index}.test`] }), () => ({ host: 'nobody.test' })],
}
for (const [name, [match, request]] of Object.entries(httpShapes)) {
  const routes = Array.from({ length: count }, (_, index) =>
    testRoute({ match: match(index) }, index),
  )
  const requests = Array.from({ length: count }, (_, index) => ({
    method: 'GET',
    host: 'none.test',
    path: '/',
    ...request(index),
  }))
  const expected = name === 'no route matches' ? undefined : routes
  report(`http: ${name}`, (at) => {
    const chosen = chooseHttpRoute(routes, requests[at]!)
    if (chosen?.route !== expected?.[at]) throw new Error(`${name}: the wrong route was chosen`)
  })
}

const streamShapes: Readonly<
  Record<
    string,
    readonly [
      match: (index: number) => Partial<StreamMatch>,
      serverName?: (index: number) => string,
    ]
  >
> = {
  'destination address and port': [
    (index) => ({ destinations: [{ block: address(index), port: 443 }] }),
  ],
  'source block': [(index) => ({ sources: [{ block: `${address(index)}/28`, port: undefined }] })],
  'server name': [(index) => ({ serverNames: [`h${index}.test`] }), (index) => `h${index}.test`],
}
for (const [name, [match, serverName]] of Object.entries(streamShapes)) {
  const routes = Array.from({ length: count }, (_, index) =>
    testStreamRoute({ match: match(index) }, index),
  )
  const ends = routes.map((_, index) => ({ address: address(index), port: 443 }))
  const names = routes.map((_, index) => serverName?.(index))
  report(`stream: ${name}`, (at) => {
    const end = ends[at]!
    const candidates = candidatesOf(routes, { client: end, destination: end })
    if (candidates.choose(names[at]) !== routes[at]) throw new Error(`${name}: the wrong route`)
  })
}
console.table(figures)

function report(name: string, choose: (at: number) => void): void {
  let at = 0
  const choices = (times: number): void => {
    for (let choice = 0; choice < times; choice++) {
      // A prime step: neighbours are not asked for in turn.
      at = (at + 7919) % count
      choose(at)
    }
  }
  choices(50_000)
  const runs = Array.from({ length: 5 }, () => {
    const before = cpuMs()
    choices(200_000)
    return ((cpuMs() - before) / 200_000) * 1000
  }).toSorted((a, b) => a - b)
  const [least, , median, , most] = runs.map((us) => `${us.toFixed(2)} µs`)
  figures[name] = { median: median ?? '', least: least ?? '', most: most ?? '' }
}

/** Sixteen addresses apart. */
function address(index: number): string {
  const number = index * 16
  return [10, (number >> 16) & 255, (number >> 8) & 255, number & 255].join('.')
}

/** CPU time of this thread so far, to about 4 ms: others on the machine do not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
