import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '#lab/services/certificate.ts'
import {
  openKongCluster,
  type KongCluster,
  type KongNode,
} from '#scenarios/support/kong-cluster.ts'
import { askStream } from '#scenarios/support/stream-client.ts'

/** A change on one node acts on the other one; what is polled was seen in its old state before. */
describe('two nodes of a cluster', () => {
  let cluster: KongCluster
  let one: KongNode
  let two: KongNode
  beforeAll(async () => {
    cluster = await openKongCluster()
    const settings = { stream_listen: 'ADDRESS:9000' }
    one = await cluster.start('kong-1', settings)
    two = await cluster.start('kong-2', settings)
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const both = async <result>(look: (node: KongNode) => Promise<result>): Promise<result[]> => [
    await look(one),
    await look(two),
  ]

  it('case 228: a route acts on both when it is made, changed and deleted', async () => {
    const service = await web()
    const status = (host: string) => () =>
      both(async (node) => (await node.get('/', { host })).status)
    await expect.poll(status('made.test')).toEqual([404, 404])
    const route = await one.configure('POST', `/services/${service}/routes`, {
      hosts: ['made.test'],
    })
    await expect.poll(status('made.test')).toEqual([200, 200])
    await two.configure('PATCH', `/routes/${route['id']}`, { hosts: ['changed.test'] })
    await expect.poll(status('changed.test')).toEqual([200, 200])
    await expect.poll(status('made.test')).toEqual([404, 404])
    await one.configure('DELETE', `/routes/${route['id']}`)
    await expect.poll(status('changed.test')).toEqual([404, 404])
  })

  it("case 229: a service's new port is used by both", async () => {
    const service = await web()
    await one.configure('POST', `/services/${service}/routes`, { hosts: ['port.test'] })
    const status = (): Promise<number[]> =>
      both(async (node) => (await node.get('/', { host: 'port.test' })).status)
    await expect.poll(status).toEqual([200, 200])
    await one.configure('PATCH', `/services/${service}`, { port: 1 })
    await expect.poll(status).toEqual([502, 502])
    await two.configure('PATCH', `/services/${service}`, { port: cluster.echo.ports.http })
    await expect.poll(status).toEqual([200, 200])
  })

  it('case 229: a stream route acts on both', async () => {
    const { address, ports } = cluster.echo
    const service = await one.configure('POST', '/services', {
      url: `tcp://${address}:${ports.tcp}`,
    })
    const greeted = (): Promise<boolean[]> =>
      both(async (node) => {
        const answer = await askStream({ address: node.address, port: 9000, send: 'twelve bytes' })
        return answer.text.endsWith('twelve bytes')
      })
    expect(await greeted().catch(() => [false, false])).toEqual([false, false])
    const route = await one.configure('POST', `/services/${service['id']}/routes`, {
      protocols: ['tcp'],
      destinations: [{ port: 9000 }],
    })
    await expect.poll(greeted).toEqual([true, true])
    await one.configure('DELETE', `/routes/${route['id']}`)
    await expect.poll(() => greeted().catch(() => [false, false])).toEqual([false, false])
  })

  it('case 230: certificates and their names act on both', async () => {
    const certificate = await makeCertificate('first.test')
    const other = await makeCertificate('second.test')
    const shown = (serverName: string) => () =>
      both(async (node) => (await node.get('/', { tls: { serverName } })).serverCertificate)
    await expect.poll(shown('first.test')).toEqual(['localhost', 'localhost'])
    const made = await one.configure('POST', '/certificates', {
      cert: certificate.cert,
      key: certificate.key,
      snis: ['first.test'],
    })
    await expect.poll(shown('first.test')).toEqual(['first.test', 'first.test'])
    await expect.poll(shown('FIRST.test')).toEqual(['first.test', 'first.test'])
    // Deleted and made again.
    await one.configure('DELETE', `/certificates/${made['id']}`)
    await expect.poll(shown('first.test')).toEqual(['localhost', 'localhost'])
    const again = await two.configure('POST', '/certificates', {
      cert: certificate.cert,
      key: certificate.key,
      snis: ['first.test'],
    })
    await expect.poll(shown('first.test')).toEqual(['first.test', 'first.test'])
    // Replaced.
    await one.configure('PATCH', `/certificates/${again['id']}`, {
      cert: other.cert,
      key: other.key,
    })
    await expect.poll(shown('first.test')).toEqual(['second.test', 'second.test'])
    // Renamed.
    await one.configure('PATCH', '/snis/first.test', { name: 'renamed.test' })
    await expect.poll(shown('renamed.test')).toEqual(['second.test', 'second.test'])
    await expect.poll(shown('first.test')).toEqual(['localhost', 'localhost'])
    await two.configure('DELETE', '/snis/renamed.test')
    await expect.poll(shown('renamed.test')).toEqual(['localhost', 'localhost'])
  })

  it.for(['service', 'global'] as const)(
    'case 231: a plugin (%s) acts on both when it is made, changed and deleted',
    async (scope) => {
      const service = await web()
      await one.configure('POST', `/services/${service}/routes`, { hosts: [`${scope}.test`] })
      const header = (): Promise<unknown[]> =>
        both(async (node) => (await node.get('/', { host: `${scope}.test` })).headers['x-made'])
      await expect.poll(header).toEqual([undefined, undefined])
      const settings = (value: string): object => ({ add: { headers: [`x-made:${value}`] } })
      const path = scope === 'service' ? `/services/${service}/plugins` : '/plugins'
      const plugin = await one.configure('POST', path, {
        name: 'response-transformer',
        config: settings('once'),
      })
      await expect.poll(header).toEqual(['once', 'once'])
      await two.configure('PATCH', `/plugins/${plugin['id']}`, { config: settings('twice') })
      await expect.poll(header).toEqual(['twice', 'twice'])
      await one.configure('PATCH', `/plugins/${plugin['id']}`, { enabled: false })
      await expect.poll(header).toEqual([undefined, undefined])
      await one.configure('PATCH', `/plugins/${plugin['id']}`, { enabled: true })
      await expect.poll(header).toEqual(['twice', 'twice'])
      await one.configure('DELETE', `/plugins/${plugin['id']}`)
      await expect.poll(header).toEqual([undefined, undefined])
    },
  )

  it('case 231: a consumer’s key works on both as soon as it is made, and no longer when it is gone', async () => {
    const service = await web()
    await one.configure('POST', `/services/${service}/routes`, { hosts: ['key.test'] })
    await one.configure('POST', `/services/${service}/plugins`, { name: 'key-auth' })
    await one.configure('POST', '/consumers', { username: 'late' })
    const status = (): Promise<number[]> =>
      both(
        async (node) =>
          (await node.get('/', { host: 'key.test', headers: { apikey: 'late-key' } })).status,
      )
    await expect.poll(status).toEqual([401, 401])
    const key = await two.configure('POST', '/consumers/late/key-auth', { key: 'late-key' })
    await expect.poll(status).toEqual([200, 200])
    await one.configure('DELETE', `/consumers/late/key-auth/${key['id']}`)
    await expect.poll(status).toEqual([401, 401])
  })

  it('a limit of policy cluster is one limit for both', async () => {
    const service = await web()
    await one.configure('POST', `/services/${service}/routes`, { hosts: ['shared.test'] })
    await one.configure('POST', `/services/${service}/plugins`, {
      name: 'rate-limiting',
      config: { year: 2, policy: 'cluster', limit_by: 'ip' },
    })
    const remaining = async (node: KongNode): Promise<unknown> =>
      (await node.get('/', { host: 'shared.test' })).headers['x-ratelimit-remaining-year']
    await expect.poll(() => remaining(one)).toBe('1')
    await expect.poll(() => remaining(two)).toBe('0')
    await expect.poll(async () => (await one.get('/', { host: 'shared.test' })).status).toBe(429)
    expect((await two.get('/', { host: 'shared.test' })).status).toBe(429)
  })

  async function web(): Promise<string> {
    const { address, ports } = cluster.echo
    const { id } = await one.configure('POST', '/services', {
      url: `http://${address}:${ports.http}`,
    })
    return String(id)
  }
})
