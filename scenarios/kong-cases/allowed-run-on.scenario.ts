import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
} from '#scenarios/support/kong-cluster.ts'

let cluster: KongCluster
let node: KongNode
beforeAll(async () => {
  cluster = await openKongCluster()
  node = await cluster.start('kong-a')
})
afterAll(() => cluster[Symbol.asyncDispose]())

const values = ['first', 'second', 'all'] as const
const firstAlone = [
  ...(['acl', 'basic-auth', 'bot-detection', 'correlation-id', 'cors', 'hmac-auth'] as const),
  ...(['ip-restriction', 'jwt', 'key-auth', 'request-size-limiting'] as const),
  ...(['request-termination', 'request-transformer', 'response-transformer'] as const),
]
const firstOrSecond = ['rate-limiting', 'response-ratelimiting'] as const
const anywhere = [
  'file-log',
  'http-log',
  'statsd',
  'syslog',
  'tcp-log',
  'udp-log',
  'zipkin',
] as const

/** What a plugin cannot do without. */
const configs: Readonly<Record<string, object>> = {
  'file-log': { path: '/dev/null' },
  'http-log': { http_endpoint: 'http://127.0.0.1:9' },
  'ip-restriction': { whitelist: ['127.0.0.1'] },
  'rate-limiting': { year: 10 },
  'response-ratelimiting': { limits: { video: { year: 10 } } },
  'tcp-log': { host: '127.0.0.1', port: 9 },
  'udp-log': { host: '127.0.0.1', port: 9 },
  acl: { whitelist: ['some'] },
  zipkin: { http_endpoint: 'http://127.0.0.1:9/api/v2/spans' },
}

describe('run_on', () => {
  it.for([
    ...firstAlone.map((name) => [name, ['first']] as const),
    ...firstOrSecond.map((name) => [name, ['first', 'second']] as const),
    ...anywhere.map((name) => [name, ['first', 'second', 'all']] as const),
  ])('of %s may be %o, and nothing else', async ([name, allowed]) => {
    const taken: string[] = []
    for (const run_on of values) {
      // oxlint-disable-next-line no-await-in-loop -- one plugin of a kind at a time
      const answer = await node.admin('POST', '/plugins', {
        name,
        run_on,
        config: configs[name] ?? {},
      })
      if (answer.status === 201) {
        taken.push(run_on)
        // oxlint-disable-next-line no-await-in-loop
        await node.configure('DELETE', `/plugins/${answer.body['id']}`)
      } else {
        expect(answer.body['fields']).toEqual({ run_on: `expected one of: ${allowed.join(', ')}` })
      }
    }
    expect(taken).toEqual(allowed)
  })
})
