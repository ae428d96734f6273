import { describe, expect, it } from 'vitest'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import type { Answer, Question } from '#scenarios/support/ask.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened))

const remaining = ({ headers }: Answer, period = 'hour'): number =>
  Number(headers[`x-ratelimit-remaining-${period}`])

/** Sends one request after the other; statuses and what remained of the hour. */
async function count(times: number, question: Partial<Question>): Promise<[number, number][]> {
  const seen: [number, number][] = []
  for (let time = 0; time < times; time++) {
    // oxlint-disable-next-line no-await-in-loop -- each counts on the one before
    const answer = await node.get('/', question)
    seen.push([answer.status, remaining(answer)])
  }
  return seen
}

/** Calendar hours: a count that began just before a full one would begin anew. Waits for the next, at most 30 s. */
async function clearOfTheHour(): Promise<void> {
  const left = 3_600_000 - (Date.now() % 3_600_000)
  if (left < 30_000) await new Promise((resolve) => setTimeout(resolve, left + 100))
}

describe.for(['local', 'cluster'] as const)('rate-limiting with policy %s', (policy) => {
  const limit = (
    path: string,
    config: object,
    bound: object = {},
  ): Promise<Readonly<Record<string, any>>> =>
    node.configure('POST', path, { name: 'rate-limiting', config: { policy, ...config }, ...bound })

  it('case 212: blocks the request after the last, and says how many remain', async () => {
    const host = `${policy}-simple.test`
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: [host] } })
    await limit(`/routes/${route}/plugins`, { hour: 3 })
    await clearOfTheHour()
    expect(await count(5, { host })).toEqual([
      [200, 2],
      [200, 1],
      [200, 0],
      [429, 0],
      [429, 0],
    ])
    expect((await node.get('/', { host })).body).toEqual({ message: 'API rate limit exceeded' })
  })

  it('case 213: routes of one service share its counter', async () => {
    const [first, second] = [`${policy}-one.test`, `${policy}-two.test`]
    const { service } = await openWebRoute({ node, cluster }, { route: { hosts: [first] } })
    await node.configure('POST', `/services/${service}/routes`, { hosts: [second] })
    await limit(`/services/${service}/plugins`, { hour: 6 })
    await clearOfTheHour()
    expect(await count(3, { host: first })).toEqual([
      [200, 5],
      [200, 4],
      [200, 3],
    ])
    expect(await count(4, { host: second })).toEqual([
      [200, 2],
      [200, 1],
      [200, 0],
      [429, 0],
    ])
    expect((await node.get('/', { host: first })).status).toBe(429)
  })

  it('case 214: of several limits each counts, and a blocked request counts for none', async () => {
    const host = `${policy}-several.test`
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: [host] } })
    await limit(`/routes/${route}/plugins`, { hour: 3, day: 5 })
    await clearOfTheHour()
    const seen: unknown[] = []
    for (let time = 0; time < 4; time++) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await node.get('/', { host })
      seen.push([answer.status, remaining(answer), remaining(answer, 'day')])
    }
    expect(seen).toEqual([
      [200, 2, 4],
      [200, 1, 3],
      [200, 0, 2],
      [429, 0, 2],
    ])
  })

  it('cases 215, 216: counts by credential, and a consumer can have a limit of its own', async () => {
    const host = `${policy}-who.test`
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: [host] } })
    const { id } = await node.configure('POST', '/consumers', { username: `${policy}-rich` })
    for (const key of ['k1', 'k2']) {
      // oxlint-disable-next-line no-await-in-loop
      await node.configure('POST', `/consumers/${id}/key-auth`, { key: `${policy}-${key}` })
    }
    await node.configure('POST', `/routes/${route}/plugins`, { name: 'key-auth' })
    const plugin = await limit(`/routes/${route}/plugins`, { hour: 6, limit_by: 'credential' })
    await clearOfTheHour()
    const as = (key: string): Partial<Question> => ({
      host,
      headers: { apikey: `${policy}-${key}` },
    })
    expect(await count(2, as('k1'))).toEqual([
      [200, 5],
      [200, 4],
    ])
    expect(await count(1, as('k2'))).toEqual([[200, 5]])
    await limit(`/routes/${route}/plugins`, { hour: 8 }, { consumer: { id } })
    expect(await count(1, as('k1'))).toEqual([[200, 7]])
    await node.configure('DELETE', `/routes/${route}/plugins/${plugin['id']}`)
  })

  it('case 217: hide_client_headers hides them, also when the limit blocks', async () => {
    const host = `${policy}-hidden.test`
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: [host] } })
    await limit(`/routes/${route}/plugins`, { hour: 1, hide_client_headers: true })
    await clearOfTheHour()
    const answers = [await node.get('/', { host }), await node.get('/', { host })]
    expect(answers.map(({ status }) => status)).toEqual([200, 429])
    const names = answers.flatMap(({ headers }) => Object.keys(headers))
    expect(names.filter((name) => name.startsWith('x-ratelimit'))).toEqual([])
  })

  it('a burst of 40 at once lets through exactly as many as the limit', async () => {
    const host = `${policy}-burst.test`
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: [host] } })
    await limit(`/routes/${route}/plugins`, { hour: 10 })
    await clearOfTheHour()
    const answers = await Promise.all(Array.from({ length: 40 }, () => node.get('/', { host })))
    const passed = answers.filter(({ status }) => status === 200).length
    if (policy === 'local') expect(passed).toBe(10)
    // Counters that nodes share are read before and added to after a request, as in Kong 1.1.
    else expect(passed).toBeGreaterThanOrEqual(10)
  })
})

describe('rate-limiting', () => {
  it('case 219: a global limit counts requests of all services together', async () => {
    const hosts = ['global-one.test', 'global-two.test']
    for (const host of hosts) {
      // oxlint-disable-next-line no-await-in-loop
      await openWebRoute({ node, cluster }, { route: { hosts: [host] } })
    }
    const plugin = await node.configure('POST', '/plugins', {
      name: 'rate-limiting',
      config: { hour: 3, policy: 'local' },
    })
    await clearOfTheHour()
    const seen = [
      ...(await count(2, { host: 'global-one.test' })),
      ...(await count(2, { host: 'global-two.test' })),
    ]
    await node.configure('DELETE', `/plugins/${plugin['id']}`)
    expect(seen).toEqual([
      [200, 2],
      [200, 1],
      [200, 0],
      [429, 0],
    ])
  })

  it('cases 220, 221: settings without a limit, and limits in the wrong order, are refused', async () => {
    const empty = await node.admin('POST', '/plugins', { name: 'rate-limiting' })
    expect(empty).toMatchObject({
      status: 400,
      body: {
        fields: {
          '@entity': [
            "at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'",
          ],
        },
      },
    })
    const wrong = await node.admin('POST', '/plugins', {
      name: 'rate-limiting',
      config: { second: 20, hour: 10 },
    })
    expect(wrong).toMatchObject({
      status: 400,
      body: {
        fields: {
          config: 'The limit for hour(10.0) cannot be lower than the limit for second(20.0)',
        },
      },
    })
    const fine = await node.admin('POST', '/plugins', {
      name: 'rate-limiting',
      config: { second: 10 },
    })
    expect(fine.status).toBe(201)
    await node.configure('DELETE', `/plugins/${fine.body['id']}`)
  })
})

describe('key-auth', () => {
  it('cases 222, 223, 224: guards, lets anybody be somebody, and hides the key', async () => {
    const host = 'key.test'
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: [host] } })
    await node.configure('POST', '/consumers', { username: 'holder', custom_id: 'h-1' })
    await node.configure('POST', '/consumers/holder/key-auth', { key: 'the-key' })
    const nobody = await node.configure('POST', '/consumers', { username: 'nobody' })
    const plugin = await node.configure('POST', `/routes/${route}/plugins`, { name: 'key-auth' })
    const missing = await node.get('/', { host })
    expect(missing).toMatchObject({
      status: 401,
      body: { message: 'No API key found in request' },
      headers: { 'www-authenticate': 'Key realm="kong"' },
    })
    const wrong = await node.get('/', { host, headers: { apikey: 'other' } })
    expect(wrong).toMatchObject({
      status: 401,
      body: { message: 'Invalid authentication credentials' },
    })
    const right = await node.get('/?apikey=the-key&x=1', { host })
    expect(right.body['headers']).toMatchObject({
      'x-consumer-username': 'holder',
      'x-consumer-custom-id': 'h-1',
    })
    expect(right.body['path']).toBe('/?apikey=the-key&x=1')
    await node.configure('PATCH', `/plugins/${plugin['id']}`, {
      config: { hide_credentials: true, anonymous: nobody['id'] },
    })
    const hidden = await node.get('/?apikey=the-key&x=1', { host })
    expect(hidden.body['path']).toBe('/?x=1')
    const byHeader = await node.get('/', { host, headers: { apikey: 'the-key' } })
    expect(byHeader.body['headers']).not.toHaveProperty('apikey')
    const anybody = await node.get('/', { host })
    expect(anybody.status).toBe(200)
    expect(anybody.body['headers']).toMatchObject({
      'x-anonymous-consumer': 'true',
      'x-consumer-username': 'nobody',
    })
  })
})
