import { execFile } from 'node:child_process'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { routes } from '#core/kong/entities/route.ts'
import { services } from '#core/kong/entities/service.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import { openAdminFixture } from './admin-fixture.ts'

function idOf(entity: Readonly<Record<string, unknown>> | undefined): string {
  return String(entity?.['id'])
}

const notFound = { status: 404, body: { message: 'Not found' } }

describe('the commands of the tutorial', () => {
  it('create its Services and Routes with curl, as they stand', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-admin-'))
    await using store = await openSqliteStore(join(folder.path, 'kong.sqlite'))
    await using admin = await openAdminFixture({ store })
    const answers = await runShell(tutorial.replaceAll('http://127.0.0.1:8001', admin.origin))
    expect(answers.split('\n').filter((line) => line !== '')).toHaveLength(8)
    const found = await store.read(async (view) => ({
      services: await view.list(services.collection),
      routes: await view.list(routes.collection),
    }))
    const servicesByName = new Map(found.services.map((service) => [service.name, service]))
    expect(servicesByName.get('service-b-tcp')).toMatchObject({
      protocol: 'tcp',
      host: '127.0.0.5',
      port: 19_000,
      path: null,
    })
    expect(servicesByName.get('service-b-tls')).toMatchObject({
      protocol: 'tls',
      port: 19_443,
      path: null,
    })
    expect(servicesByName.get('service-b-http')).toMatchObject({
      protocol: 'http',
      port: 18_000,
      path: null,
    })
    expect(servicesByName.get('service-b-https')).toMatchObject({
      protocol: 'https',
      port: 18_443,
      path: '/',
    })
    const routesByName = new Map(found.routes.map((route) => [route.name, route]))
    expect(routesByName.get('service-b-tcp')).toMatchObject({
      protocols: ['tcp'],
      destinations: [{ ip: '127.0.0.5', port: 19_000 }],
    })
    expect(routesByName.get('service-b-tls')).toMatchObject({
      protocols: ['tls'],
      destinations: [{ ip: '127.0.0.5', port: 19_443 }],
    })
    expect(routesByName.get('service-b-http')).toMatchObject({
      protocols: ['http'],
      hosts: ['127.0.0.5'],
    })
    expect(routesByName.get('service-b-https')).toMatchObject({
      protocols: ['https'],
      hosts: ['127.0.0.5'],
    })
    for (const route of found.routes) {
      const service = found.services.find(({ id }) => id === route.service?.id)
      expect(service?.name).toBe(route.name)
    }
  })
})

async function runShell(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-ec', script])
  return stdout
}

const tutorial = ['tcp:19000', 'tls:19443', 'http:18000', 'https:18443']
  .map((kind) => {
    const [protocol = '', port = ''] = kind.split(':')
    const match = protocol.startsWith('t')
      ? `-d destinations[1].ip=127.0.0.5 \\
         -d destinations[1].port=${port}`
      : '-d hosts=127.0.0.5'
    return `
curl -sS -w '\\n' --fail-with-body -X PUT \\
         -d url=${protocol}://127.0.0.5:${port}${protocol === 'https' ? '/' : ''} \\
         http://127.0.0.1:8001/services/service-b-${protocol}
curl -sS -w '\\n' --fail-with-body -X POST \\
         -d name=service-b-${protocol} \\
         -d protocols=${protocol} \\
         ${match} \\
         http://127.0.0.1:8001/services/service-b-${protocol}/routes
`
  })
  .join('\n')

describe('a Service', () => {
  it('is created by PUT with the fields and defaults of Kong 1.1, and 200', async () => {
    await using admin = await openAdminFixture()
    const { status, body } = await admin.send('PUT', '/services/b', 'url=tcp://127.0.0.5:19000')
    expect(status).toBe(200)
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      created_at: expect.any(Number),
      updated_at: body?.['created_at'],
      name: 'b',
      retries: 5,
      protocol: 'tcp',
      host: '127.0.0.5',
      port: 19_000,
      path: null,
      connect_timeout: 60_000,
      write_timeout: 60_000,
      read_timeout: 60_000,
      tags: null,
    })
    expect(Math.abs(Number(body?.['created_at']) - Date.now() / 1000)).toBeLessThan(60)
  })

  it('is replaced by PUT: what is not given goes back to its default, the id stays', async () => {
    await using admin = await openAdminFixture()
    const { body: old } = await admin.send('PUT', '/services/b', {
      host: 'h',
      retries: 1,
      tags: ['x'],
    })
    const replacement = { host: 'i', name: 'other', id: '0190c0de-0000-4000-8000-00000000000a' }
    const { status, body } = await admin.send('PUT', '/services/b', replacement)
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: old?.['id'], name: 'b', host: 'i', retries: 5, tags: null })
    const byId = await admin.send('PUT', `/services/${idOf(old)}`, {
      host: 'j',
      id: replacement.id,
    })
    expect(byId.body).toMatchObject({ id: old?.['id'], name: null, host: 'j' })
  })

  it('is created by PUT under a new id, which is then lower case', async () => {
    await using admin = await openAdminFixture()
    const id = '0190C0DE-0000-4000-8000-00000000000A'
    expect((await admin.send('PUT', `/services/${id}`, 'host=h')).body?.['id']).toBe(
      id.toLowerCase(),
    )
    expect((await admin.send('GET', `/services/${id}`)).status).toBe(200)
  })

  it('cases 99, 100: is read and changed by id and by name', async () => {
    await using admin = await openAdminFixture()
    const { status, body: made } = await admin.send('POST', '/services', { name: 's', host: 'h' })
    expect(status).toBe(201)
    expect(await admin.send('GET', `/services/${idOf(made)}`)).toMatchObject({
      status: 200,
      body: made,
    })
    expect(await admin.send('GET', '/services/s/')).toMatchObject({ status: 200, body: made })
    expect(await admin.send('GET', '/services/other')).toMatchObject(notFound)
    const changed = await admin.send('PATCH', '/services/s', { protocol: 'https' })
    expect(changed).toMatchObject({
      status: 200,
      body: { ...made, protocol: 'https', updated_at: expect.any(Number) },
    })
    expect(await admin.send('PATCH', `/services/${idOf(made)}`, 'name=')).toMatchObject({
      body: { name: null, protocol: 'https' },
    })
    expect(await admin.send('PATCH', '/services/s', {})).toMatchObject(notFound)
  })

  it('cases 94, 96, 142: leaves everything as it was when it is refused', async () => {
    await using admin = await openAdminFixture()
    await admin.send('PUT', '/services/s', 'host=h')
    const version = await admin.store.version()
    expect(await admin.send('POST', '/services', 'url=invalid url')).toMatchObject({
      status: 400,
      body: {
        message: '2 schema violations (host: required field missing; path: should start with: /)',
        name: 'schema violation',
        code: 2,
        fields: { host: 'required field missing', path: 'should start with: /' },
      },
    })
    expect(await admin.send('PATCH', '/services/s', 'foo=bar')).toMatchObject({
      status: 400,
      body: { message: 'schema violation (foo: unknown field)', code: 2 },
    })
    const response = await fetch(`${admin.origin}/services`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"hello": "world"',
    })
    expect([response.status, await response.text()]).toEqual([
      400,
      '{"message":"Cannot parse JSON body"}',
    ])
    expect(await admin.store.version()).toBe(version)
  })

  it('case 101: is deleted by name or id, and again', async () => {
    await using admin = await openAdminFixture()
    const { body } = await admin.send('PUT', '/services/s', 'host=h')
    for (const key of ['s', 's', idOf(body), '0190c0de-0000-4000-8000-00000000000a']) {
      expect(await admin.send('DELETE', `/services/${key}`)).toMatchObject({
        status: 204,
        body: undefined,
      })
    }
    expect((await admin.send('GET', '/services')).body).toEqual({ data: [], next: null })
  })

  it('is not deleted while a Route refers to it', async () => {
    await using admin = await openAdminFixture()
    await admin.send('PUT', '/services/s', 'host=h')
    await admin.send('POST', '/services/s/routes', 'name=r&hosts=h')
    expect(await admin.send('DELETE', '/services/s')).toMatchObject({
      status: 400,
      body: {
        message: "an existing 'routes' entity references this 'services' entity",
        name: 'foreign key violation',
        code: 4,
        fields: { '@referenced_by': 'routes' },
      },
    })
    await admin.send('DELETE', '/routes/r')
    expect(await admin.send('DELETE', '/services/s')).toMatchObject({ status: 204 })
  })

  it('shares its name and id with no other', async () => {
    await using admin = await openAdminFixture()
    const { body } = await admin.send('PUT', '/services/s', 'host=h')
    expect(await admin.send('POST', '/services', 'name=s&host=h')).toMatchObject({
      status: 409,
      body: {
        message: `UNIQUE violation detected on '{name="s"}'`,
        name: 'unique constraint violation',
        code: 5,
        fields: { name: 's' },
      },
    })
    expect(await admin.send('POST', '/services', `id=${idOf(body)}&host=h`)).toMatchObject({
      status: 400,
      body: {
        message: `primary key violation on key '{id="${idOf(body)}"}'`,
        name: 'primary key violation',
        code: 3,
        fields: { id: body?.['id'] },
      },
    })
  })

  it('is not looked for under an impossible name', async () => {
    await using admin = await openAdminFixture()
    expect(await admin.send('GET', '/services/a%20b')).toMatchObject({
      status: 400,
      body: {
        message:
          "invalid value 'a b': it must only contain alphanumeric and '., -, _, ~' characters",
        name: 'invalid unique name',
        code: 10,
      },
    })
  })
})

describe('a Route', () => {
  it('cases 108, 109: needs no Service and keeps its lists in order', async () => {
    await using admin = await openAdminFixture()
    const given = {
      methods: ['GET', 'POST', 'PATCH'],
      hosts: ['foo.api.com', 'bar.api.com'],
      paths: ['/foo', '/bar'],
    }
    expect(await admin.send('POST', '/routes', given)).toMatchObject({
      status: 201,
      body: { ...given, service: null },
    })
  })

  it('names its Service by id or by name', async () => {
    await using admin = await openAdminFixture()
    const { body: service } = await admin.send('PUT', '/services/s', 'host=h')
    const owner = { service: { id: service?.['id'] } }
    const byName = { hosts: ['h'], service: { name: 's' } }
    expect((await admin.send('POST', '/routes', byName)).body).toMatchObject(owner)
    expect((await admin.send('POST', '/routes', 'hosts=h&service.name=s')).body).toMatchObject(
      owner,
    )
    expect((await admin.send('POST', '/routes', { hosts: ['h'], ...owner })).body).toMatchObject(
      owner,
    )
    const missing = '0190c0de-0000-4000-8000-00000000000a'
    expect(await admin.send('POST', '/routes', `hosts=h&service.id=${missing}`)).toMatchObject({
      status: 400,
      body: {
        message: `the foreign key '{id="${missing}"}' does not reference an existing 'services' entity.`,
        code: 4,
        fields: { service: { id: missing } },
      },
    })
    expect(await admin.send('POST', '/routes', 'hosts=h&service.name=t')).toMatchObject({
      status: 400,
      body: { name: 'foreign keys unresolved', fields: { service: { name: expect.any(String) } } },
    })
  })

  it('cases 117–119: is changed by PATCH, cleared by null, and keeps an empty list', async () => {
    await using admin = await openAdminFixture()
    await admin.send('PUT', '/services/s', 'host=h')
    await admin.send('POST', '/services/s/routes', 'name=r&hosts=h&methods=GET')
    expect(
      await admin.send('PATCH', '/routes/r', 'hosts=&methods=&paths[]=/updated-paths'),
    ).toMatchObject({
      status: 200,
      body: { hosts: null, methods: null, paths: ['/updated-paths'] },
    })
    const json = { methods: [], paths: [], hosts: ['a'] }
    expect(await admin.send('PATCH', '/routes/r', json)).toMatchObject({ status: 200, body: json })
    expect(await admin.send('PATCH', '/routes/r', 'service=')).toMatchObject({
      status: 200,
      body: { service: null },
    })
  })

  it('is judged as a whole after a PATCH', async () => {
    await using admin = await openAdminFixture()
    const { body } = await admin.send('PUT', '/routes/r', 'hosts=h')
    expect(await admin.send('PATCH', '/routes/r', 'protocols=tcp')).toMatchObject({
      status: 400,
      body: {
        fields: {
          hosts: 'length must be 0',
          '@entity': [
            "must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp' or 'tls'",
            "cannot set 'hosts' when 'protocols' is 'tcp' or 'tls'",
          ],
        },
      },
    })
    expect((await admin.send('GET', '/routes/r')).body).toEqual(body)
  })

  it('gets a new creation time by PUT, or the one that is given', async () => {
    await using admin = await openAdminFixture()
    await admin.send('PUT', '/routes/r', 'hosts=h&created_at=1')
    expect((await admin.send('PATCH', '/routes/r', 'hosts=i')).body).toMatchObject({
      created_at: 1,
    })
    expect((await admin.send('PUT', '/routes/r', 'hosts=h')).body?.['created_at']).toBeGreaterThan(
      1,
    )
  })
})

describe('verbs', () => {
  it('case 115: PUT replaces a Route and keeps its id', async () => {
    await using admin = await openAdminFixture()
    const made = await admin.send('POST', '/routes', 'name=r&hosts=h&paths[]=/a')
    const path = `/routes/${idOf(made.body)}`
    expect(await admin.send('PUT', path, { paths: ['/updated'] })).toMatchObject({
      status: 200,
      body: { id: idOf(made.body), name: null, hosts: null, paths: ['/updated'] },
    })
    expect(await admin.send('PUT', path, 'hosts=h&regex_priority=foobar')).toMatchObject({
      status: 400,
      body: { message: 'schema violation (regex_priority: expected an integer)' },
    })
  })

  it('case 120: PATCH of what is not there is 404', async () => {
    await using admin = await openAdminFixture()
    for (const key of ['nobody', '0190c0de-0000-4000-8000-00000000000a']) {
      expect(await admin.send('PATCH', `/routes/${key}`, 'hosts=h')).toMatchObject(notFound)
    }
  })

  it('case 121: DELETE is 204 whether there was something or not', async () => {
    await using admin = await openAdminFixture()
    const { body } = await admin.send('POST', '/routes', 'name=r&hosts=h')
    await admin.send('POST', '/routes', 'name=q&hosts=h')
    for (const key of ['r', 'r', 'q', idOf(body), '0190c0de-0000-4000-8000-00000000000a']) {
      expect(await admin.send('DELETE', `/routes/${key}`)).toMatchObject({
        status: 204,
        body: undefined,
      })
    }
    expect((await admin.send('GET', '/routes')).body).toEqual({ data: [], next: null })
  })
})

describe('nested paths', () => {
  it('case 102: show only what belongs to the parent', async () => {
    await using admin = await openAdminFixture()
    for (const name of ['a', 'b']) {
      await admin.send('PUT', `/services/${name}`, 'host=h')
      await admin.send('POST', `/services/${name}/routes`, `name=of-${name}&hosts=h`)
    }
    expect((await admin.send('GET', '/services/a/routes')).body).toMatchObject({
      data: [{ name: 'of-a' }],
      next: null,
    })
    expect((await admin.send('GET', '/services/a/routes/of-a')).status).toBe(200)
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const body = method === 'PUT' || method === 'PATCH' ? 'hosts=i' : undefined
      expect(await admin.send(method, '/services/a/routes/of-b', body)).toMatchObject(notFound)
      expect(await admin.send(method, '/services/x/routes/of-b', body)).toMatchObject(notFound)
    }
    expect((await admin.send('GET', '/routes/of-b')).body).toMatchObject({ hosts: ['h'] })
    expect(await admin.send('POST', '/services/x/routes', 'hosts=h')).toMatchObject(notFound)
    const made = await admin.send('PUT', '/services/a/routes/new', 'hosts=h')
    expect(made).toMatchObject({
      status: 200,
      body: { name: 'new', service: { id: expect.any(String) } },
    })
    expect((await admin.send('DELETE', '/services/a/routes/new')).status).toBe(204)
    expect(await admin.send('GET', '/routes/new')).toMatchObject(notFound)
  })

  it('case 122: reach the Service of a Route, but do not delete it', async () => {
    await using admin = await openAdminFixture()
    await admin.send('PUT', '/services/s', 'host=h')
    await admin.send('POST', '/services/s/routes', 'name=r&hosts=h')
    await admin.send('PUT', '/routes/alone', 'hosts=h')
    expect((await admin.send('GET', '/routes/r/service')).body).toMatchObject({ name: 's' })
    const url = 'url=http://edited2.com:1234/foo'
    const edited = { host: 'edited2.com', port: 1234, path: '/foo', name: 's' }
    expect(await admin.send('PATCH', '/routes/r/service', url)).toMatchObject({
      status: 200,
      body: edited,
    })
    expect(await admin.send('PUT', '/routes/r/service', url)).toMatchObject({
      status: 200,
      body: { ...edited, name: null },
    })
    expect(await admin.send('DELETE', '/routes/r/service')).toMatchObject({
      status: 405,
      body: { message: 'Method not allowed' },
    })
    for (const verb of ['GET', 'PATCH', 'DELETE']) {
      for (const route of ['alone', 'unknown']) {
        expect(
          await admin.send(verb, `/routes/${route}/service`, verb === 'PATCH' ? url : undefined),
        ).toMatchObject(notFound)
      }
    }
    expect(await admin.send('PUT', '/routes/unknown/service', url)).toMatchObject(notFound)
  })

  it('give a Route the Service that is put where it has none', async () => {
    await using admin = await openAdminFixture()
    await admin.send('PUT', '/routes/alone', 'hosts=h')
    const wrong = await admin.send('PUT', '/routes/alone/service', 'connect_timeout=x')
    expect(wrong).toMatchObject({ status: 400 })
    expect(await admin.send('GET', '/services')).toMatchObject({ body: { data: [] } })
    const put = await admin.send('PUT', '/routes/alone/service', 'url=http://h.test/x')
    expect(put).toMatchObject({ status: 200, body: { host: 'h.test', path: '/x' } })
    expect((await admin.send('GET', '/routes/alone')).body).toMatchObject({
      hosts: ['h'],
      service: { id: idOf(put.body) },
    })
  })

  it('say when there was nothing to delete below a parent, and delete nothing of another', async () => {
    await using admin = await openAdminFixture()
    await admin.send('PUT', '/services/s', 'host=h')
    await admin.send('PUT', '/services/other', 'host=h')
    await admin.send('POST', '/services/s/routes', 'name=r&hosts=h')
    for (const path of [
      '/services/s/routes/unknown',
      '/services/s/routes/0190c0de-0000-4000-8000-000000000001',
      '/services/other/routes/r',
      '/services/unknown/routes/r',
    ]) {
      expect(await admin.send('DELETE', path)).toMatchObject(notFound)
    }
    expect(await admin.send('DELETE', '/services/s/routes/r')).toMatchObject({ status: 204 })
    expect(await admin.send('DELETE', '/routes/r')).toMatchObject({ status: 204 })
  })
})

describe('lists', () => {
  it('case 97: are paged, each entity once', async () => {
    await using admin = await openAdminFixture()
    for (let n = 0; n < 10; n += 1) await admin.send('POST', '/services', 'host=h')
    const sizes: number[] = []
    const ids = new Set<unknown>()
    let path: unknown = '/services'
    while (typeof path === 'string') {
      const { body } = await admin.send('GET', `${path}${path.includes('?') ? '&' : '?'}size=3`)
      const data: readonly { readonly id: string }[] = Object(body?.['data'])
      sizes.push(data.length)
      for (const { id } of data) ids.add(id)
      path = body?.['next']
    }
    expect(sizes).toEqual([3, 3, 3, 1])
    expect(ids.size).toBe(10)
  })

  it('of what belongs to a parent are paged under the parent', async () => {
    await using admin = await openAdminFixture()
    await admin.send('PUT', '/services/s', 'host=h')
    await admin.send('POST', '/services/s/routes', 'hosts=h')
    await admin.send('POST', '/services/s/routes', 'hosts=h')
    await admin.send('POST', '/routes', 'hosts=h')
    const first = await admin.send('GET', '/services/s/routes?size=1')
    expect(String(first.body?.['next'])).toMatch(/^\/services\/s\/routes\?offset=/)
    const second = await admin.send('GET', String(first.body?.['next']))
    expect(second.body).toMatchObject({ data: [{}], next: null })
  })

  it.each([
    ['size=x', { code: 9, name: 'invalid size', message: 'size must be a number' }],
    ['size=0', { code: 9, message: 'size must be an integer between 1 and 1000' }],
    ['size=1001', { code: 9, message: 'size must be an integer between 1 and 1000' }],
    ['size=1.5', { code: 9, message: 'size must be an integer between 1 and 1000' }],
    [
      'offset=x',
      {
        code: 7,
        name: 'invalid offset',
        message: "'x' is not a valid offset: bad base64 encoding",
      },
    ],
    ['offset=eHg%3D', { code: 7 }],
    [
      'tags=foo@bar',
      {
        code: 11,
        message: 'invalid option (tags: invalid filter syntax)',
        options: { tags: 'invalid filter syntax' },
      },
    ],
    ['tags=a,b/c', { code: 11 }],
    ['tags=a,b,c,d,e,f', { code: 11 }],
  ])('cases 111, 152: refuse %s', async (query, body) => {
    await using admin = await openAdminFixture()
    expect(await admin.send('GET', `/routes?${query}`)).toMatchObject({ status: 400, body })
  })

  it('cases 98, 112: ignore unknown arguments, and show an empty list as one', async () => {
    await using admin = await openAdminFixture()
    const response = await fetch(`${admin.origin}/services?foo=bar`)
    expect(await response.text()).toBe('{"data":[],"next":null}')
  })

  it('case 152: take all or any of the tags, and keep them for the next page', async () => {
    await using admin = await openAdminFixture()
    for (const [name, tags] of [
      ['a', ['x']],
      ['b', ['x', 'y']],
      ['c', ['y']],
      ['d', []],
    ] as const) {
      await admin.send('PUT', `/services/${name}`, { host: 'h', tags })
    }
    const namesFor = async (query: string): Promise<unknown[]> => {
      const { body } = await admin.send('GET', `/services?${query}`)
      const data: readonly { readonly name: string }[] = Object(body?.['data'])
      return data.map(({ name }) => name).toSorted()
    }
    expect(await namesFor('tags=x')).toEqual(['a', 'b'])
    expect(await namesFor('tags=x,y')).toEqual(['b'])
    expect(await namesFor('tags=x/y')).toEqual(['a', 'b', 'c'])
    const { body } = await admin.send('GET', '/services?tags=x/y&size=1')
    expect(body?.['next']).toMatch(/^\/services\?offset=.*&tags=x%2Fy$/)
  })

  it('case 113: cannot be put, changed or deleted as a whole', async () => {
    await using admin = await openAdminFixture()
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const body = method === 'DELETE' ? undefined : {}
      expect(await admin.send(method, '/routes', body)).toMatchObject({
        status: 405,
        body: { message: 'Method not allowed' },
      })
    }
  })
})

describe('the node', () => {
  it('case 145: tells its version and configuration, without secrets', async () => {
    await using admin = await openAdminFixture()
    const { headers, body } = await admin.send('GET', '/')
    expect(headers.get('server')).toBe('kong/1.1.3')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(body).toMatchObject({
      tagline: 'Welcome to kong',
      version: '1.1.3',
      hostname: 'host',
      node_id: '0190c0de-0000-4000-8000-000000000000',
      configuration: { prefix: '/kong', pg_password: '******' },
    })
  })

  it('case 146: tells its counts and whether the store can be reached', async () => {
    const counts = { accepted: 100, active: 10, requests: 1000 }
    const nodeInfo = { nodeId: 'n', hostname: 'h', configuration: {}, counts: () => counts }
    await using folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-admin-'))
    const store = await openSqliteStore(join(folder.path, 'kong.sqlite'))
    await using admin = await openAdminFixture({ nodeInfo, store })
    const { body } = await admin.send('GET', '/status')
    expect(body).toMatchObject({
      server: { total_requests: 1001, connections_accepted: 101, connections_active: 11 },
      database: { reachable: true },
    })
    await store[Symbol.asyncDispose]()
    expect((await admin.send('GET', '/status')).body).toMatchObject({
      database: { reachable: false },
    })
    expect(await admin.send('GET', '/services')).toMatchObject({
      status: 500,
      body: { message: 'An unexpected error occurred' },
    })
    expect(admin.faults).toHaveLength(1)
  })

  it('asks robots to stay away', async () => {
    await using admin = await openAdminFixture()
    const response = await fetch(`${admin.origin}/robots.txt`)
    expect(await response.text()).toBe('User-agent: *\nDisallow: /')
  })

  it('has told its watchers of a change before the client has its answer', async () => {
    await using admin = await openAdminFixture()
    let told = 0
    using _watch = admin.store.watch(() => {
      told += 1
    })
    await admin.send('PUT', '/services/s', 'host=h')
    expect(told).toBe(1)
  })
})
