import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '#lab/services/certificate.ts'
import { openEchoService, type EchoService } from '#lab/services/echo.ts'
import type { Question } from '#scenarios/support/ask.ts'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import { askStream } from '#scenarios/support/stream-client.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened), { stream_listen: 'ADDRESS:9000' })

let services: readonly EchoService[]
const stack = new AsyncDisposableStack()
beforeAll(async () => {
  const certificate = await makeCertificate('echo')
  const opened = []
  for (const number of [101, 102, 103]) {
    // oxlint-disable-next-line no-await-in-loop
    const service = await openEchoService({
      address: cluster.address(number),
      ports: { http: 7000, https: 7443, tcp: 7001, tls: 7444 },
      certificate,
    })
    opened.push(stack.use(service))
  }
  services = opened
})
afterAll(() => stack.disposeAsync())

const target = (number: number, port = 7000): string => `${cluster.address(number)}:${port}`

/** Makes an upstream with targets, and a route with its name as host. */
async function balanced(
  name: string,
  targets: readonly (readonly [target: string, weight?: number])[],
  upstream: object = {},
): Promise<void> {
  await node.configure('POST', '/upstreams', { name, slots: 10, ...upstream })
  for (const [where, weight = 100] of targets) {
    // oxlint-disable-next-line no-await-in-loop
    await node.configure('POST', `/upstreams/${name}/targets`, { target: where, weight })
  }
  const service = await node.configure('POST', '/services', { host: name })
  await node.configure('POST', `/services/${service['id']}/routes`, { hosts: [name] })
}

/** How many of the requests each target got; statuses of those that none got. */
async function shares(
  host: string,
  times: number,
  question: Partial<Question> = {},
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let time = 0; time < times; time++) {
    // oxlint-disable-next-line no-await-in-loop -- in turn
    const { status, body } = await node.get('/', { host, ...question })
    const who = status === 200 ? String(body['local']) : String(status)
    counts[who] = (counts[who] ?? 0) + 1
  }
  return counts
}

describe('a balanced service', () => {
  it('case 232: two targets of equal weight get equally many requests', async () => {
    await balanced('equal.test', [[target(101)], [target(102)]])
    expect(await shares('equal.test', 20)).toEqual({ [target(101)]: 10, [target(102)]: 10 })
  })

  it('case 232: two targets of equal weight get equally many streams', async () => {
    await node.configure('POST', '/upstreams', { name: 'stream.test', slots: 10 })
    for (const number of [101, 102]) {
      // oxlint-disable-next-line no-await-in-loop
      await node.configure('POST', '/upstreams/stream.test/targets', {
        target: target(number, 7001),
      })
    }
    const service = await node.configure('POST', '/services', { url: 'tcp://stream.test:1' })
    await node.configure('POST', `/services/${service['id']}/routes`, {
      protocols: ['tcp'],
      destinations: [{ port: 9000 }],
    })
    const counts = new Map<string, number>()
    for (let time = 0; time < 10; time++) {
      // oxlint-disable-next-line no-await-in-loop
      const { text } = await askStream({ address: node.address, port: 9000, send: 'x' })
      const { local } = JSON.parse(text.split('\n')[0] ?? '')
      counts.set(local, (counts.get(local) ?? 0) + 1)
    }
    expect(Object.fromEntries(counts)).toEqual({ [target(101, 7001)]: 5, [target(102, 7001)]: 5 })
  })

  it('case 233: weights share the requests; a target that is added, changed or removed counts at once', async () => {
    await balanced('weights.test', [
      [target(101), 75],
      [target(102), 25],
    ])
    expect(await shares('weights.test', 20)).toEqual({ [target(101)]: 15, [target(102)]: 5 })
    await node.configure('DELETE', `/upstreams/weights.test/targets/${target(102)}`)
    expect(await shares('weights.test', 5)).toEqual({ [target(101)]: 5 })
    await node.configure('POST', '/upstreams/weights.test/targets', {
      target: target(103),
      weight: 75,
    })
    expect(await shares('weights.test', 10)).toEqual({ [target(101)]: 5, [target(103)]: 5 })
  })

  it('case 233: without a target that counts the answer is 503', async () => {
    await balanced('none.test', [])
    await balanced('zero.test', [[target(101), 0]])
    for (const host of ['none.test', 'zero.test']) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await node.get('/', { host })).toMatchObject({
        status: 503,
        body: { message: 'failure to get a peer from the ring-balancer' },
      })
    }
  })

  it('case 234: hashing on a header sends one value to one target', async () => {
    await balanced('hashed.test', [[target(101)], [target(102)]], {
      hash_on: 'header',
      hash_on_header: 'hashme',
      slots: 1000,
    })
    const used = new Set<string>()
    for (let value = 0; value < 12; value++) {
      // oxlint-disable-next-line no-await-in-loop
      const counts = await shares('hashed.test', 4, { headers: { hashme: `value ${value}` } })
      expect(Object.values(counts)).toEqual([4])
      used.add(Object.keys(counts)[0] ?? '')
    }
    // Twelve values that all went to one of two targets would be no hashing.
    expect(used.size).toBe(2)
  })

  it('case 234: hashing on a cookie gives one to who has none, and keeps who has one', async () => {
    await balanced('cookie.test', [[target(101)], [target(102)]], {
      hash_on: 'cookie',
      hash_on_cookie: 'hashme',
      hash_on_cookie_path: '/',
    })
    const first = await node.get('/', { host: 'cookie.test' })
    const cookie = first.headers['set-cookie']?.[0]
    expect(cookie).toMatch(/^hashme=[^;]+; ?path=\//i)
    const value = cookie?.split(';')[0] ?? ''
    const again = await node.get('/', { host: 'cookie.test', headers: { cookie: value } })
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(await shares('cookie.test', 6, { headers: { cookie: value } })).toEqual({
      [String(first.body['local'])]: 6,
    })
  })

  it('case 235: passive checks take a target out that fails, and an operator puts it back', async () => {
    const failing = target(101)
    await balanced('passive.test', [[failing], [target(102)]], {
      healthchecks: { passive: { unhealthy: { http_failures: 2 } } },
    })
    const status = (code: number, times: number): Promise<unknown> =>
      Array.from({ length: times }).reduce<Promise<unknown>>(async (before) => {
        await before
        return node.get(`/status/${code}`, { host: 'passive.test' })
      }, Promise.resolve())
    // Both fail twice; the first operator's word brings one of them back.
    await status(500, 4)
    await expect.poll(async () => (await node.get('/', { host: 'passive.test' })).status).toBe(503)
    await node.configure('POST', `/upstreams/passive.test/targets/${target(102)}/healthy`)
    await expect.poll(() => shares('passive.test', 4)).toEqual({ [target(102)]: 4 })
    const { data } = (await node.admin('GET', '/upstreams/passive.test/health')).body
    expect(new Map(data.map((each: any) => [each.target, each.health]))).toEqual(
      new Map([
        [failing, 'UNHEALTHY'],
        [target(102), 'HEALTHY'],
      ]),
    )
  })

  it('case 235: active checks notice a target that died, and that it is back', async () => {
    const probe = { interval: 0.05 }
    await balanced('active.test', [[target(102)], [target(103, 7002)]], {
      healthchecks: {
        active: {
          timeout: 1,
          healthy: { ...probe, successes: 1 },
          unhealthy: { ...probe, tcp_failures: 1, http_failures: 1 },
        },
      },
    })
    await expect.poll(() => shares('active.test', 4)).toEqual({ [target(102)]: 4 })
    await using _late = await openEchoService({
      address: cluster.address(103),
      ports: { http: 7002, https: 0, tcp: 0, tls: 0 },
      certificate: await makeCertificate('late'),
    })
    await expect
      .poll(() => shares('active.test', 4))
      .toEqual({ [target(102)]: 2, [target(103, 7002)]: 2 })
  })

  it('a target of the wrong kind of name is refused, and services elsewhere stay as they are', async () => {
    expect(services).toHaveLength(3)
    await node.configure('POST', '/upstreams', { name: 'refused.test' })
    const refused = await node.admin('POST', '/upstreams/refused.test/targets', { target: 'a b' })
    expect(refused).toMatchObject({
      status: 400,
      body: { fields: { target: 'Invalid target; not a valid hostname or ip address' } },
    })
  })
})
