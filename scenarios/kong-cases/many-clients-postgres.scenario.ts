import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '#scenarios/support/ask.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import { openKongCluster, type KongNode } from '#scenarios/support/kong-cluster.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'
import { openPostgresServer, type PostgresDatabase } from './postgres-server.ts'

const clients = 64
/** Of each, one after the other. */
const turns = 5

const stack = new AsyncDisposableStack()
let database: PostgresDatabase
let nodes: readonly [KongNode, KongNode]
let openLimit: (protocol: 'https' | 'http', year: number) => Promise<Limit>
beforeAll(async () => {
  const postgres = stack.use(await openPostgresServer())
  database = await postgres.createDatabase()
  const cluster = stack.use(await openKongCluster())
  const { settings } = database
  expect(await cluster.kong(['migrations', 'bootstrap'], settings)).toMatchObject({ exitCode: 0 })
  const { address, ports } = cluster.echo
  const first = await cluster.start('kong-a', { ...settings, nginx_proxy_proxy_bind: 'ADDRESS' })
  const second = await cluster.start('kong-b', {
    ...settings,
    admin_listen: 'off',
    // It counts for the client that the first one names, so that both count in one place.
    trusted_ips: '127.0.0.0/8',
    origins: ['https://ADDRESS:8443', 'http://ADDRESS:8000']
      .map((from) => `${from}=http://${address}:${ports.http}`)
      .join(', '),
  })
  nodes = [first, second]
  await joinedMesh(nodes)
  openLimit = async (protocol, year) => {
    const host = `${protocol}-${year}.test`
    const port = protocol === 'https' ? 8443 : 8000
    const { route } = await openWebRoute(
      { node: first, cluster },
      {
        service: { protocol, host: second.address, port },
        route: { hosts: [host], preserve_host: true },
      },
    )
    await first.configure('POST', `/routes/${route}/plugins`, {
      name: 'rate-limiting',
      config: { year, policy: 'cluster', limit_by: 'ip', fault_tolerant: false },
    })
    await heardOfChanges(first, [second])
    return { host, route }
  }
})
afterAll(() => stack.disposeAsync())

describe(`${clients} clients at once, counted in PostgreSQL`, () => {
  it('lose and double no use: once each over mutual TLS, twice over a plain hop', async () => {
    const [first] = nodes
    for (const [protocol, each] of [
      ['https', 1],
      ['http', 2],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const limit = await openLimit(protocol, 10_000)
      // oxlint-disable-next-line no-await-in-loop
      const answers = await burst(limit, { of: [first], requests: turns })
      expect(tally(answers)).toEqual({ 200: turns * clients })
      // oxlint-disable-next-line no-await-in-loop
      await settled(limit, each * turns * clients)
      // Each node stores what it has counted before it looks up the next use: no more can be on its way.
      // oxlint-disable-next-line no-await-in-loop
      expect(tally(await burst(limit, { of: [first], clients: 1 }))).toEqual({ 200: 1 })
      // oxlint-disable-next-line no-await-in-loop
      await settled(limit, each * (turns * clients + 1))
      // oxlint-disable-next-line no-await-in-loop
      expect(await counted(limit)).toBe(each * (turns * clients + 1))
    }
  })

  it('pass as often as the limit says, not once more or less, through one node', async () => {
    const limit = await openLimit('https', 40)
    const answers = await burst(limit, { of: nodes.slice(0, 1) })
    expect(tally(answers)).toEqual({ 200: 40, 429: clients - 40 })
    await settled(limit, 40)
    expect(tally(await burst(limit, { of: nodes }))).toEqual({ 429: clients })
    expect(await counted(limit)).toBe(40)
  })

  it('pass twice where the limit is two: none overtakes a use that is on its way to the database', async () => {
    const limit = await openLimit('https', 2)
    const answers = await burst(limit, { of: nodes.slice(0, 1) })
    expect(tally(answers)).toEqual({ 200: 2, 429: clients - 2 })
    await settled(limit, 2)
    expect(tally(await burst(limit, { of: nodes }))).toEqual({ 429: clients })
    expect(await counted(limit)).toBe(2)
  })

  it('wait for a use that the database has not taken yet: nobody is let in beside it', async () => {
    const [first] = nodes
    const limit = await openLimit('https', 1)
    const ask = async (host = limit.host): Promise<number> =>
      (await first.get('/', { host })).status
    await database.query('BEGIN')
    let next
    try {
      // Can be read, not written to.
      await database.query('LOCK TABLE meshyard.counters IN EXCLUSIVE MODE')
      expect(await ask()).toBe(200)
      await eventually('the use waits for the lock', async () => {
        return (await database.query('SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0
      })
      next = ask()
      // What comes after it is answered many times over, and so would it be.
      for (let after = 0; after < 30; after++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await ask('nobody.test')).toBe(404)
      }
    } finally {
      await database.query('COMMIT')
    }
    expect(await next).toBe(429)
    expect(await counted(limit)).toBe(1)
  })

  it('pass through two nodes at most as often as the limit for each, and none is forgotten', async () => {
    const limit = await openLimit('https', 20)
    const answers = await burst(limit, { of: nodes })
    const passed = tally(answers)[200] ?? 0
    expect(passed).toBeGreaterThanOrEqual(20)
    expect(passed).toBeLessThanOrEqual(40)
    await settled(limit, passed)
    expect(tally(await burst(limit, { of: nodes }))).toEqual({ 429: clients })
    expect(await counted(limit)).toBe(passed)
  })
})

interface Limit {
  readonly host: string
  readonly route: string
}

/** Each client asks on connections of its own, one request after the other; clients take turns at the nodes. */
async function burst(
  { host }: Limit,
  {
    of,
    requests = 1,
    clients: many = clients,
  }: { readonly of: readonly KongNode[]; readonly requests?: number; readonly clients?: number },
): Promise<readonly Answer[]> {
  const each = Array.from({ length: many }, async (_, client) => {
    const node = of[client % of.length]
    const answers: Answer[] = []
    for (let time = 0; time < requests; time++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if (node !== undefined) answers.push(await node.get('/', { host }))
    }
    return answers
  })
  return (await Promise.all(each)).flat()
}

/** What the database has for a route; nodes write keys as JSON texts. */
async function counted({ route }: Limit): Promise<number> {
  const [row] = await database.query(
    'SELECT coalesce(sum(value), 0) AS total FROM meshyard.counters WHERE key LIKE $1',
    [`%ratelimit:${route}:%`],
  )
  return Number(row?.['total'])
}

function settled(limit: Limit, total: number): Promise<void> {
  return eventually(`${total} uses are counted`, async () => (await counted(limit)) >= total)
}

function tally(answers: readonly Answer[]): Readonly<Record<number, number>> {
  const tallied: Record<number, number> = {}
  for (const { status } of answers) tallied[status] = (tallied[status] ?? 0) + 1
  return tallied
}
