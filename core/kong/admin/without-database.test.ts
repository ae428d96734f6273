import { describe, expect, it } from 'vitest'
import { DeclarativeError } from '#core/kong/declarative/declarative-error.ts'
import { parseDeclarative } from '#core/kong/declarative/parse-declarative.ts'
import { byId, loadDeclared } from '#core/kong/declarative/load-declarative.ts'
import { kongKinds } from '#core/kong/entities/kong-kinds.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import { type AdminFixture, openAdminFixture } from './admin-fixture.ts'
import { systemGenerate } from './generate.ts'
import { testPlugins } from './test-plugins.ts'

async function openReadOnly(): Promise<AdminFixture> {
  await using opening = new AsyncDisposableStack()
  const store = opening.use(openMemoryStore())
  const kinds = kongKinds(testPlugins)
  const admin = opening.use(
    await openAdminFixture({
      store,
      plugins: testPlugins,
      readOnly: true,
      loadDeclarative: async (input) => {
        const declared = parseDeclarative(input, { kinds, generate: systemGenerate })
        await loadDeclared(store, kinds, declared)
        return byId(declared)
      },
    }),
  )
  const owned = opening.move()
  return { ...admin, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const declared = {
  _format_version: '1.1',
  services: [{ name: 's', host: 'h', routes: [{ name: 'r', hosts: ['h'] }] }],
  upstreams: [{ name: 'u', targets: [{ target: 't:1' }] }],
}

describe('without a database', () => {
  it('case 153: entities are read, but not written one by one', async () => {
    await using admin = await openReadOnly()
    expect(await admin.send('POST', '/config', declared)).toMatchObject({ status: 201 })
    const version = await admin.store.version()
    for (const [method, path, body, operation] of [
      ['POST', '/routes', 'hosts=h', "create 'routes'"],
      ['POST', '/services/s/routes', 'hosts=h', "create 'routes'"],
      ['PUT', '/routes/r', 'hosts=h', "create or update 'routes'"],
      ['PUT', '/services/new', 'host=h', "create or update 'services'"],
      ['PATCH', '/routes/r', 'hosts=i', "update 'routes'"],
      ['PATCH', '/routes/r/service', 'host=i', "update 'services'"],
      ['DELETE', '/routes/r', undefined, "remove 'routes'"],
      ['POST', '/plugins', 'name=key-auth', "create 'plugins'"],
      ['POST', '/upstreams/u/targets', 'target=h', "create 'targets'"],
      ['DELETE', '/upstreams/u/targets/t:1', undefined, "remove 'targets'"],
    ] as const) {
      expect(await admin.send(method, path, body)).toMatchObject({
        status: 405,
        body: {
          code: 12,
          name: 'operation unsupported',
          message: `cannot ${operation} entities when not using a database`,
        },
      })
    }
    expect(await admin.store.version()).toBe(version)
    expect(await admin.send('GET', '/routes/r/service')).toMatchObject({
      status: 200,
      body: { name: 's' },
    })
  })

  it('case 153: what is wrong anyway is told first', async () => {
    await using admin = await openReadOnly()
    await admin.send('POST', '/config', declared)
    expect(await admin.send('POST', '/routes', {})).toMatchObject({ status: 400 })
    expect(await admin.send('PATCH', '/routes/x', {})).toMatchObject({ status: 404 })
    expect(await admin.send('DELETE', '/routes/x')).toMatchObject({ status: 204 })
  })

  it.each<[string, unknown]>([
    ['a table', declared],
    ['JSON text', { config: JSON.stringify(declared) }],
    ['YAML text', { config: '_format_version: "1.1"\nservices:\n- name: s\n  host: h\n' }],
    [
      'YAML text in a form',
      `config=${encodeURIComponent('_format_version: "1.1"\nservices:\n- name: s\n  host: h\n')}`,
    ],
  ])('case 153: everything is replaced by %s', async (_what, body) => {
    await using admin = await openReadOnly()
    await admin.send('POST', '/config', {
      _format_version: '1.1',
      services: [{ name: 'old', host: 'h' }],
    })
    const answer = await admin.send('POST', '/config', body)
    expect(answer.status).toBe(201)
    expect(Object.values(Object(answer.body?.['services']))).toMatchObject([{ name: 's' }])
    expect((await admin.send('GET', '/services')).body).toMatchObject({ data: [{ name: 's' }] })
  })

  it.each<[unknown, unknown]>([
    [{ config: 'bobo' }, 'expected a table as input'],
    ['config=bobo', 'expected a table as input'],
    [{}, 'expected a table as input'],
    [undefined, 'expected a table as input'],
    [{ _format_version: '1.1', services: [{ name: 's' }] }, expect.any(Object)],
  ])('case 153: %j is refused and nothing is replaced', async (body, error) => {
    await using admin = await openReadOnly()
    await admin.send('POST', '/config', declared)
    expect(await admin.send('POST', '/config', body)).toMatchObject({
      status: 400,
      body: { error },
    })
    expect((await admin.send('GET', '/services')).body).toMatchObject({ data: [{ name: 's' }] })
  })

  it('a fault of the node is not told as one of the configuration', async () => {
    await using admin = await openAdminFixture({
      readOnly: true,
      loadDeclarative: async () => {
        throw new Error('disk on fire')
      },
    })
    expect(await admin.send('POST', '/config', declared)).toMatchObject({
      status: 500,
      body: { message: 'An unexpected error occurred' },
    })
    expect(admin.faults).toHaveLength(1)
    expect(admin.faults[0]).not.toBeInstanceOf(DeclarativeError)
  })
})

describe('with a database', () => {
  it('/config is refused', async () => {
    await using admin = await openAdminFixture()
    expect(await admin.send('POST', '/config', declared)).toMatchObject({
      status: 400,
      body: {
        message: 'this endpoint is only available when Kong is configured to not use a database',
      },
    })
  })
})

describe('the cache', () => {
  it('has nothing in it and can be emptied', async () => {
    await using admin = await openAdminFixture()
    expect(await admin.send('GET', '/cache/some:key')).toMatchObject({
      status: 404,
      body: { message: 'Not found' },
    })
    expect(await admin.send('DELETE', '/cache/some:key')).toMatchObject({ status: 204 })
    expect(await admin.send('DELETE', '/cache')).toMatchObject({ status: 204 })
    expect(await admin.send('GET', '/cache')).toMatchObject({ status: 405 })
  })
})
