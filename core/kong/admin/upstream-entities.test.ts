import { describe, expect, it } from 'vitest'
import { postedHealths } from '#core/kong/entities/posted-health.ts'
import { type AdminFixture, openAdminFixture } from './admin-fixture.ts'

interface Shown {
  readonly id: string
  readonly target: string
  readonly weight: number
  readonly health?: string
}

async function shown(admin: AdminFixture, path: string): Promise<readonly Shown[]> {
  return Object((await admin.send('GET', path)).body?.['data'])
}

async function addresses(admin: AdminFixture, path = '/upstreams/u/targets'): Promise<unknown> {
  return (await shown(admin, path)).map(({ target, weight }) => `${target}=${weight}`)
}

async function openWithUpstream(): Promise<AdminFixture> {
  const admin = await openAdminFixture()
  await admin.send('PUT', '/upstreams/u', {})
  return admin
}

describe('an Upstream', () => {
  it('case 151: has these fields and defaults', async () => {
    await using admin = await openAdminFixture()
    const { status, body } = await admin.send('POST', '/upstreams', 'name=my.upstream')
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.any(String),
      created_at: expect.any(Number),
      name: 'my.upstream',
      hash_on: 'none',
      hash_fallback: 'none',
      hash_on_header: null,
      hash_fallback_header: null,
      hash_on_cookie: null,
      hash_on_cookie_path: '/',
      slots: 10_000,
      healthchecks: {
        active: {
          type: 'http',
          timeout: 1,
          concurrency: 10,
          http_path: '/',
          https_verify_certificate: true,
          https_sni: null,
          healthy: { interval: 0, http_statuses: [200, 302], successes: 0 },
          unhealthy: {
            interval: 0,
            http_statuses: [429, 404, 500, 501, 502, 503, 504, 505],
            tcp_failures: 0,
            timeouts: 0,
            http_failures: 0,
          },
        },
        passive: {
          type: 'http',
          healthy: {
            http_statuses: [
              200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306,
              307, 308,
            ],
            successes: 0,
          },
          unhealthy: {
            http_statuses: [429, 500, 503],
            tcp_failures: 0,
            timeouts: 0,
            http_failures: 0,
          },
        },
      },
      tags: null,
    })
  })

  it('takes health checks from nested form fields and merges them by PATCH', async () => {
    await using admin = await openWithUpstream()
    const form =
      'healthchecks.active.healthy.interval=0.5&healthchecks.active.healthy.http_statuses[]=201&healthchecks.active.type=tcp'
    const { status, body } = await admin.send('PATCH', '/upstreams/u', form)
    expect(status).toBe(200)
    expect(body?.['healthchecks']).toMatchObject({
      active: {
        type: 'tcp',
        concurrency: 10,
        healthy: { interval: 0.5, http_statuses: [201], successes: 0 },
        unhealthy: { interval: 0 },
      },
      passive: { type: 'http' },
    })
  })

  it.each([
    [{ name: 'a b' }, { name: 'Invalid name; must be a valid hostname' }],
    [{ name: '1.2.3.4' }, { name: 'Invalid name; no ip addresses allowed' }],
    [{ name: 'a:80' }, { name: 'Invalid name; no port allowed' }],
    [{}, { name: 'required field missing' }],
    [{ name: 'a', slots: 9 }, { slots: 'value should be between 10 and 65536' }],
    [{ name: 'a', slots: 65_537 }, { slots: 'value should be between 10 and 65536' }],
    [
      { name: 'a', hash_on: 'x' },
      { hash_on: 'expected one of: none, consumer, ip, header, cookie' },
    ],
    [
      { name: 'a', hash_on: 'header' },
      {
        hash_on_header: 'required field missing',
        '@entity': ["failed conditional validation given value of field 'hash_on'"],
      },
    ],
    [{ name: 'a', hash_fallback: 'ip' }, { hash_fallback: 'expected one of: none' }],
    [
      { name: 'a', hash_on: 'ip', hash_fallback: 'ip' },
      { hash_fallback: 'expected one of: none, consumer, header, cookie' },
    ],
    [
      { name: 'a', hash_on: 'cookie', hash_on_cookie: 'not a <cookie>' },
      {
        hash_on_cookie:
          "bad cookie name 'not a <cookie>', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
      },
    ],
    [
      {
        name: 'a',
        hash_on: 'header',
        hash_on_header: 'x',
        hash_fallback: 'header',
        hash_fallback_header: 'x',
      },
      {
        '@entity': [
          "values of these fields must be distinct: 'hash_on_header', 'hash_fallback_header'",
        ],
      },
    ],
    [
      { name: 'a', healthchecks: { active: { http_path: 'x', healthy: { successes: 256 } } } },
      {
        healthchecks: {
          active: {
            http_path: 'should start with: /',
            healthy: { successes: 'value should be between 0 and 255' },
          },
        },
      },
    ],
    [
      { name: 'a', healthchecks: { passive: { unhealthy: { http_statuses: [1, 200] } } } },
      {
        healthchecks: {
          passive: { unhealthy: { http_statuses: ['value should be between 100 and 999'] } },
        },
      },
    ],
  ])('is refused when it is %j', async (given, fields) => {
    await using admin = await openAdminFixture()
    expect(await admin.send('POST', '/upstreams', given)).toMatchObject({
      status: 400,
      body: { code: 2, fields },
    })
  })

  it('takes its Targets with it', async () => {
    await using admin = await openWithUpstream()
    await admin.send('POST', '/upstreams/u/targets', 'target=h')
    await admin.send('POST', '/upstreams/u/targets/h/unhealthy')
    expect(await admin.send('DELETE', '/upstreams/u')).toMatchObject({ status: 204 })
    await admin.send('PUT', '/upstreams/u', {})
    expect(await addresses(admin, '/upstreams/u/targets/all')).toEqual([])
  })
})

describe('Targets', () => {
  it('case 151: get their port and weight, and are written in one way', async () => {
    await using admin = await openWithUpstream()
    const made = await admin.send('POST', '/upstreams/u/targets', 'target=mashape.com')
    expect(made).toMatchObject({
      status: 201,
      body: {
        target: 'mashape.com:8000',
        weight: 100,
        tags: null,
        upstream: { id: expect.any(String) },
      },
    })
    expect(Number(made.body?.['created_at'])).toBeCloseTo(Date.now() / 1000, -1)
    for (const [given, target] of [
      ['mashape.com:123', 'mashape.com:123'],
      ['1.2.3.4', '1.2.3.4:8000'],
      ['1.2.3.4:1', '1.2.3.4:1'],
      ['::1', '[0000:0000:0000:0000:0000:0000:0000:0001]:8000'],
      ['[FE80::1:0:2]:80', '[fe80:0000:0000:0000:0000:0001:0000:0002]:80'],
      ['[::ffff:1.2.3.4]:80', '[0000:0000:0000:0000:0000:ffff:0102:0304]:80'],
      ['1:2:3:4:5:6:7:8', '[0001:0002:0003:0004:0005:0006:0007:0008]:8000'],
    ]) {
      expect(await admin.send('POST', '/upstreams/u/targets', { target: given })).toMatchObject({
        status: 201,
        body: { target },
      })
    }
  })

  const noTarget = { target: 'Invalid target; not a valid hostname or ip address' }
  it.each<readonly [given: object, fields: object]>([
    [{}, { target: 'required field missing' }],
    [{ target: 'some invalid host name' }, noTarget],
    [{ target: '::;' }, noTarget],
    [{ target: 'h:99999' }, noTarget],
    [{ target: '1.2.3.456' }, noTarget],
    [{ target: 'h:' }, noTarget],
    [{ target: '[::1' }, noTarget],
    [{ target: 'a:b:c' }, noTarget],
    [{ target: 'h', weight: 1001 }, { weight: 'value should be between 0 and 1000' }],
    [{ target: 'h', weight: -1 }, { weight: 'value should be between 0 and 1000' }],
  ])('are refused when they are %j', async (given, fields) => {
    await using admin = await openWithUpstream()
    const { status, body } = await admin.send('POST', '/upstreams/u/targets', given)
    expect({ status, fields: body?.['fields'] }).toEqual({ status: 400, fields })
  })

  it('case 151: are shown when they are in use, the newest first', async () => {
    await using admin = await openWithUpstream()
    const last = new Map<number, unknown>()
    for (const [index, weights] of [
      [10, 0],
      [10, 0, 10],
      [10],
      [10, 10],
      [10, 50, 0],
      [10, 0, 20, 0],
    ].entries()) {
      for (const weight of weights) {
        const target = `api-${index + 1}:80`
        const { body } = await admin.send('POST', '/upstreams/u/targets', { target, weight })
        last.set(index + 1, body)
      }
    }
    expect(await shown(admin, '/upstreams/u/targets')).toEqual([
      last.get(4),
      last.get(3),
      last.get(2),
    ])
    const { length } = await shown(admin, '/upstreams/u/targets/all')
    expect(length).toBe(15)
  })

  it('case 151: are ended by DELETE, which adds a weight of 0', async () => {
    await using admin = await openWithUpstream()
    await admin.send('POST', '/upstreams/u/targets', 'target=api-1:80&weight=10')
    const second = await admin.send('POST', '/upstreams/u/targets', 'target=api-2:80&weight=10')
    expect(await admin.send('DELETE', '/upstreams/u/targets/api-1:80')).toMatchObject({
      status: 204,
      body: undefined,
    })
    expect(await addresses(admin)).toEqual(['api-2:80=10'])
    expect(await addresses(admin, '/upstreams/u/targets/all')).toEqual([
      'api-1:80=0',
      'api-2:80=10',
      'api-1:80=10',
    ])
    const id = String(second.body?.['id'])
    expect(await admin.send('DELETE', `/upstreams/u/targets/${id}`)).toMatchObject({ status: 204 })
    expect(await addresses(admin)).toEqual([])
    expect(await admin.send('DELETE', `/upstreams/u/targets/${id}`)).toMatchObject({ status: 404 })
    expect(await admin.send('DELETE', '/upstreams/x/targets/api-1:80')).toMatchObject({
      status: 404,
    })
  })

  it('that have been overruled are forgotten when they are many', async () => {
    await using admin = await openWithUpstream()
    for (let weight = 1; weight <= 13; weight += 1) {
      if (weight <= 11) {
        await admin.send('POST', '/upstreams/u/targets', { target: 'h:1111', weight })
      }
      await admin.send('POST', '/upstreams/u/targets', { target: 'h:2222', weight })
    }
    const history = await shown(admin, '/upstreams/u/targets/all')
    expect(history.length).toBeLessThanOrEqual(5)
    expect(await addresses(admin)).toEqual(['h:2222=13', 'h:1111=11'])
  })

  it('of one moment are told apart: the later one holds', async () => {
    const admin = await openAdminFixture({
      generate: {
        now: () => 1_700_000_000_000,
        uuid: () => crypto.randomUUID(),
        secret: () => 's',
      },
    })
    await using _admin = admin
    await admin.send('PUT', '/upstreams/u', {})
    for (let weight = 1; weight <= 8; weight += 1) {
      await admin.send('POST', '/upstreams/u/targets', { target: 'h:1', weight })
    }
    expect(await addresses(admin)).toEqual(['h:1=8'])
  })

  it('are paged in their own order', async () => {
    await using admin = await openWithUpstream()
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await admin.send('POST', '/upstreams/u/targets', { target: name, tags: [name] })
    }
    const names: string[] = []
    let path: unknown = '/upstreams/u/targets?size=2'
    while (typeof path === 'string') {
      const { body } = await admin.send('GET', path.includes('size') ? path : `${path}&size=2`)
      const data: readonly Shown[] = Object(body?.['data'])
      names.push(data.map(({ target }) => target.slice(0, 1)).join(''))
      path = body?.['next']
    }
    expect(names).toEqual(['ed', 'cb', 'a'])
    expect(await addresses(admin, '/upstreams/u/targets?tags=a/b')).toEqual([
      'b:8000=100',
      'a:8000=100',
    ])
  })

  it('are reached below their Upstream only, and cannot be changed', async () => {
    await using admin = await openWithUpstream()
    const made = await admin.send('POST', '/upstreams/u/targets', 'target=h')
    const id = String(made.body?.['id'])
    for (const path of ['/targets', `/targets/${id}`, `/targets/${id}/upstream`]) {
      expect(await admin.send('GET', path)).toMatchObject({
        status: 404,
        body: { message: 'Not found' },
      })
    }
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const body = method === 'DELETE' ? undefined : {}
      expect(await admin.send(method, '/upstreams/u/targets', body)).toMatchObject({ status: 405 })
    }
    for (const method of ['PUT', 'PATCH']) {
      expect(await admin.send(method, `/upstreams/u/targets/${id}`, {})).toMatchObject({
        status: 405,
      })
    }
  })
})

describe('the health of Targets', () => {
  it('is told as this node knows it', async () => {
    let known: ReadonlyMap<string, 'healthy' | 'unhealthy' | 'unresolved'> = new Map()
    await using admin = await openAdminFixture({
      health: () => [...known].map(([targetId, health]) => ({ targetId, health })),
    })
    await admin.send('PUT', '/upstreams/u', {})
    for (const target of ['a', 'b', 'c', 'd']) {
      await admin.send('POST', '/upstreams/u/targets', { target })
    }
    const [d, c, b, a] = await shown(admin, '/upstreams/u/targets')
    known = new Map([
      [a?.id ?? '', 'healthy'],
      [b?.id ?? '', 'unhealthy'],
      [c?.id ?? '', 'unresolved'],
    ])
    const { status, body } = await admin.send('GET', '/upstreams/u/health')
    expect(status).toBe(200)
    expect(body).toEqual({
      data: [
        { ...d, health: 'HEALTHCHECKS_OFF' },
        { ...c, health: 'DNS_ERROR' },
        { ...b, health: 'UNHEALTHY' },
        { ...a, health: 'HEALTHY' },
      ],
      next: null,
      node_id: '0190c0de-0000-4000-8000-000000000000',
    })
    expect(await admin.send('GET', '/upstreams/x/health')).toMatchObject({ status: 404 })
  })

  it.each([false, true])('can be said, for all nodes to hear (read-only: %s)', async (readOnly) => {
    await using writer = await openWithUpstream()
    const made = await writer.send('POST', '/upstreams/u/targets', 'target=h:1')
    await using admin = await openAdminFixture({ store: writer.store, readOnly })
    const posted = async (): Promise<unknown> =>
      (await admin.store.read((view) => view.list(postedHealths.collection))).map(
        ({ target, healthy }) => [target, healthy],
      )
    for (const key of ['h:1', String(made.body?.['id'])]) {
      const path = `/upstreams/u/targets/${key}`
      expect(await admin.send('POST', `${path}/unhealthy`)).toMatchObject({ status: 204 })
      expect(await posted()).toEqual([['h:1', false]])
      expect(await admin.send('POST', `${path}/healthy`)).toMatchObject({ status: 204 })
      expect(await posted()).toEqual([['h:1', true]])
    }
    expect(await admin.send('POST', '/upstreams/u/targets/h:2/healthy')).toMatchObject({
      status: 404,
    })
    await writer.send('DELETE', '/upstreams/u/targets/h:1')
    expect(await posted()).toEqual([])
  })
})
