import { describe, expect, it } from 'vitest'
import { makeCertificate } from '#lab/services/certificate.ts'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import { ask, type Answer } from '#scenarios/support/ask.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened), { stream_listen: 'off' })

const nobody = '0190c0de-0000-4000-8000-00000000dead'

/** Sends a body as it stands. */
const raw = (
  method: string,
  path: string,
  { type, body }: { readonly type?: string; readonly body?: string } = {},
): Promise<Answer> =>
  ask({
    address: node.address,
    port: 8001,
    method,
    path,
    headers: {
      ...(type !== undefined && { 'content-type': type }),
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    },
    ...(body !== undefined && { body }),
  })

describe('requests', () => {
  it('case 96: are refused for their type or form before anything is looked at', async () => {
    const missing = {
      message:
        "schema violation (at least one of these fields must be non-empty: 'custom_id', 'username')",
      name: 'schema violation',
      code: 2,
      fields: {
        '@entity': ["at least one of these fields must be non-empty: 'custom_id', 'username'"],
      },
    }
    const json = 'application/json'
    for (const [verb, path] of [
      ['POST', '/consumers'],
      ['PUT', `/consumers/${nobody}`],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const answers = await Promise.all([
        raw(verb, path, { type: 'invalid', body: '{"username":"x"}' }),
        raw(verb, path, { body: 'invalid' }),
        raw(verb, path, { type: json, body: '{"hello": "world"' }),
        raw(verb, path, { type: json }),
        raw(verb, path),
        raw(verb, path, { type: 'multipart/form-data' }),
        raw(verb, path, { type: 'application/x-www-form-urlencoded' }),
      ])
      expect(answers.map(({ status }) => status)).toEqual([415, 415, 400, 400, 400, 400, 400])
      expect(answers[2]?.text).toBe('{"message":"Cannot parse JSON body"}')
      expect(answers[3]?.text).toBe('{"message":"Cannot parse JSON body"}')
      for (const answer of answers.slice(4)) expect(answer.body).toEqual(missing)
    }
  })

  it('case 112: that only ask are answered whatever their body', async () => {
    const nonsense = { type: 'application/json', body: 'this fails if decoded as json' }
    const answers = await Promise.all([
      raw('GET', '/routes', nonsense),
      raw('HEAD', '/routes', nonsense),
      raw('DELETE', `/routes/${nobody}`, nonsense),
      raw('OPTIONS', '/routes', nonsense),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 204, 204])
    expect(answers[0]?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'access-control-allow-origin': '*',
      server: 'kong/1.1.3',
    })
    expect(answers[0]?.headers).not.toHaveProperty('via')
    expect(answers[3]?.headers).toMatchObject({
      'access-control-allow-methods': 'GET, HEAD, PUT, PATCH, POST, DELETE',
      'access-control-allow-headers': 'Content-Type',
    })
    expect((await raw('OPTIONS', '/nothing')).status).toBe(404)
  })

  it('case 113: with a verb that a place does not have are refused, there as in the root', async () => {
    const places = [
      ...['POST', 'PUT', 'PATCH', 'DELETE'].flatMap((verb) => [
        [verb, '/'],
        [verb, '/status'],
        ...(verb === 'POST' ? [] : [[verb, '/plugins']]),
      ]),
      ['POST', `/plugins/${nobody}`],
      ['PATCH', '/upstreams/u/targets'],
      ['GET', '/config'],
      ['GET', '/cache'],
    ]
    const answers = await Promise.all(
      places.map(([verb = '', path = '']) =>
        raw(verb, path, { type: 'application/json', body: '{}' }),
      ),
    )
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 405, body: { message: 'Method not allowed' } })
    }
  })
})

describe('a Route', () => {
  it('case 122: says of its Service that it cannot be deleted, or that there is none', async () => {
    await node.configure('PUT', '/services/owned', { host: 'h' })
    await node.configure('POST', '/services/owned/routes', { name: 'owned', paths: ['/owned'] })
    await node.configure('PUT', '/routes/alone', { paths: ['/alone'] })
    const notFound = { status: 404, body: { message: 'Not found' } }
    expect(await node.admin('DELETE', '/routes/owned/service')).toMatchObject({
      status: 405,
      body: { message: 'Method not allowed' },
    })
    for (const route of ['alone', 'unknown', nobody]) {
      for (const [verb, body] of [
        ['GET', undefined],
        ['DELETE', undefined],
        ['PATCH', { port: 1 }],
      ] as const) {
        // oxlint-disable-next-line no-await-in-loop
        expect(await node.admin(verb, `/routes/${route}/service`, body)).toMatchObject(notFound)
      }
    }
    expect(await node.admin('PUT', `/routes/${nobody}/service`, 'host=h')).toMatchObject(notFound)
  })

  it('without a Service gets the one that is put there', async () => {
    await node.configure('PUT', '/routes/lonely', { paths: ['/lonely'] })
    const put = await node.admin('PUT', '/routes/lonely/service', 'url=http://put.test:81/x')
    expect(put).toMatchObject({ status: 200, body: { host: 'put.test', port: 81, path: '/x' } })
    expect((await node.admin('GET', '/routes/lonely')).body).toMatchObject({
      paths: ['/lonely'],
      service: { id: put.body['id'] },
    })
  })

  it('accepts a whole Service where its id is meant, and refuses one without id', async () => {
    const service = await node.configure('PUT', '/services/whole', { host: 'h' })
    const route = await node.configure('POST', '/routes', { methods: ['GET'], service })
    expect(route['service']).toEqual({ id: service['id'] })
    for (const nothing of [{}, { protocol: 'http' }, 'whole']) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await node.admin('POST', '/routes', { methods: ['GET'], service: nothing })
      expect(answer).toMatchObject({
        status: 400,
        body: {
          code: 2,
          message: 'schema violation (service.id: missing primary key)',
          fields: { service: { id: 'missing primary key' } },
        },
      })
    }
  })
})

describe('what belongs to another entity', () => {
  it('is deleted below it only if it is there, and beside it in any case', async () => {
    await node.configure('PUT', '/consumers/bob', {})
    await node.configure('POST', '/consumers/bob/key-auth', { key: 'bobs' })
    await node.configure('PUT', '/consumers/bob/acls/users', {})
    await node.configure('PUT', '/services/guarded', { host: 'h' })
    const plugin = await node.configure('POST', '/services/guarded/plugins', { name: 'cors' })
    const below = [
      '/consumers/bob/key-auth/blah',
      `/consumers/bob/key-auth/${nobody}`,
      '/consumers/bob/acls/blah',
      `/consumers/bob/plugins/${plugin['id']}`,
      `/services/guarded/plugins/${nobody}`,
      '/consumers/unknown/key-auth/bobs',
    ]
    for (const path of below) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await node.admin('DELETE', path)).toMatchObject({
        status: 404,
        body: { message: 'Not found' },
      })
    }
    const there = [
      '/consumers/bob/key-auth/bobs',
      '/consumers/bob/acls/users',
      `/services/guarded/plugins/${plugin['id']}`,
      '/key-auths/bobs',
      `/plugins/${plugin['id']}`,
      '/consumers/nobody',
    ]
    for (const path of there) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await node.admin('DELETE', path)).toMatchObject({ status: 204, text: '' })
    }
  })
})

describe('a certificate', () => {
  it('keeps its names when it is put without any, and has those of a PUT that speaks of them', async () => {
    const [pair, otherPair] = await Promise.all([makeCertificate('one'), makeCertificate('other')])
    const { id } = await node.configure('POST', '/certificates', {
      ...pair,
      snis: ['foo.com', 'bar.com'],
    })
    for (const key of [id, 'foo.com']) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await node.configure('PUT', `/certificates/${key}`, otherPair)).toMatchObject({
        id,
        ...otherPair,
        snis: ['bar.com', 'foo.com'],
      })
    }
    expect(
      await node.configure('PUT', '/certificates/new.com', { ...pair, snis: ['also.com'] }),
    ).toMatchObject({ snis: ['also.com', 'new.com'] })
    expect(
      await node.configure('PUT', `/certificates/${id}`, { ...pair, snis: ['foo.com'] }),
    ).toMatchObject({ snis: ['foo.com'] })
    expect((await node.admin('GET', '/snis/bar.com')).status).toBe(404)
  })

  it('is shown with its 150 names in order', async () => {
    const snis = Array.from({ length: 150 }, (_, n) => `my-sni-${String(n).padStart(3, '0')}.test`)
    const pair = await makeCertificate('many')
    const given = { ...pair, snis: snis.toReversed() }
    const { id } = await node.configure('POST', '/certificates', given)
    expect((await node.admin('GET', `/certificates/${id}`)).body['snis']).toEqual(snis)
  })
})

describe('health', () => {
  const healthOf = async (upstream: string): Promise<Readonly<Record<string, string>>> => {
    const { data } = await node.configure('GET', `/upstreams/${upstream}/health/`)
    return Object.fromEntries(
      data.map((each: Readonly<Record<string, string>>) => [each['target'], each['health']]),
    )
  }

  it('case 151: is told at once: switched off, unknown names, good until known otherwise', async () => {
    await node.configure('POST', '/upstreams', { name: 'pool.test' })
    const { address } = cluster.echo
    for (const target of [`${address}:80`, 'no-such-host.invalid:80']) {
      // oxlint-disable-next-line no-await-in-loop
      await node.configure('POST', '/upstreams/pool.test/targets', { target })
    }
    expect(await healthOf('pool.test')).toEqual({
      [`${address}:80`]: 'HEALTHCHECKS_OFF',
      'no-such-host.invalid:80': 'DNS_ERROR',
    })
    await node.configure('PATCH', '/upstreams/pool.test', {
      healthchecks: { passive: { healthy: { successes: 1 }, unhealthy: { tcp_failures: 1 } } },
    })
    expect(await healthOf('pool.test')).toEqual({
      [`${address}:80`]: 'HEALTHY',
      'no-such-host.invalid:80': 'DNS_ERROR',
    })
    for (const [verdict, health] of [
      ['unhealthy', 'UNHEALTHY'],
      ['healthy', 'HEALTHY'],
    ]) {
      const path = `/upstreams/pool.test/targets/${address}:80/${verdict}`
      // oxlint-disable-next-line no-await-in-loop
      expect((await node.admin('POST', path)).status).toBe(204)
      // oxlint-disable-next-line no-await-in-loop
      expect((await healthOf('pool.test'))[`${address}:80`]).toBe(health)
    }
  })

  it('can only be posted of a Target by a name of its own Upstream', async () => {
    const ids: Record<string, string> = {}
    const upstreams: Record<string, string> = {}
    for (const name of ['mine.test', 'wrong.test']) {
      // oxlint-disable-next-line no-await-in-loop
      upstreams[name] = (await node.configure('POST', '/upstreams', { name }))['id']
      // oxlint-disable-next-line no-await-in-loop
      const { id } = await node.configure(
        'POST',
        `/upstreams/${name}/targets`,
        'target=127.0.0.1:9',
      )
      ids[name] = id
    }
    const statuses: unknown[] = []
    for (const upstream of [nobody, 'invalid', 'mine.test', upstreams['mine.test']]) {
      for (const target of [
        nobody,
        'invalid:9',
        ids['wrong.test'],
        '127.0.0.1:9',
        ids['mine.test'],
      ]) {
        const path = `/upstreams/${upstream}/targets/${target}/unhealthy`
        // oxlint-disable-next-line no-await-in-loop
        statuses.push((await node.admin('POST', path)).status)
      }
    }
    const none = [404, 404, 404, 404, 404]
    expect(statuses).toEqual([...none, ...none, 404, 404, 404, 204, 204, 404, 404, 404, 204, 204])
  })
})

describe('many changes at once', () => {
  it('are each answered, and none is lost', async () => {
    await node.configure('PUT', '/services/busy', { host: 'h' })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        node.admin('POST', '/services/busy/routes', {
          paths: [`/busy-${n % 90}`],
          name: `b${n % 90}`,
        }),
      ),
    )
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    expect(statuses).toEqual([...Array(90).fill(201), ...Array(10).fill(409)])
    const listed = await node.configure('GET', '/services/busy/routes?size=1000')
    expect(listed['data']).toHaveLength(90)
  })
})

describe('without a database', () => {
  it('case 153: what would be written is judged, then refused; all else is answered', async () => {
    const off = await cluster.start('kong-off', { database: 'off' })
    const created = await off.admin('POST', '/config', {
      config: `
          {
            "_format_version" : "1.1",
            "services" : [
              { "name": "s", "host": "h", "routes": [ { "name": "r", "paths": ["/"] }, ], },
            ],
          }
      `,
    })
    expect(created.status).toBe(201)
    const unsupported = (verb: string, kind: string): object => ({
      status: 405,
      body: {
        message: `cannot ${verb} '${kind}' entities when not using a database`,
        name: 'operation unsupported',
        code: 12,
      },
    })
    const service = { id: nobody }
    expect(await off.admin('POST', '/routes', { paths: ['/'], service })).toEqual(
      expect.objectContaining(unsupported('create', 'routes')),
    )
    for (const [verb, path, expected] of [
      ['PUT', `/routes/${nobody}`, unsupported('create or update', 'routes')],
      ['PATCH', '/routes/r', unsupported('update', 'routes')],
      ['DELETE', '/services/s/routes/r', unsupported('remove', 'routes')],
      ['PUT', '/routes/r/service', unsupported('create or update', 'services')],
    ] as const) {
      const given = path.endsWith('/service') ? { host: 'h' } : { paths: ['/'] }
      // oxlint-disable-next-line no-await-in-loop
      const answer = await off.admin(verb, path, verb === 'DELETE' ? undefined : given)
      expect(answer).toMatchObject(expected)
    }
    expect(await off.admin('POST', '/routes', {})).toMatchObject({ status: 400, body: { code: 2 } })
    expect(await off.admin('POST', '/config', { config: 'bobby tables' })).toMatchObject({
      status: 400,
      body: { error: 'expected a table as input' },
    })
    expect((await off.admin('GET', '/routes/r/service')).body).toMatchObject({ name: 's' })
  })
})
