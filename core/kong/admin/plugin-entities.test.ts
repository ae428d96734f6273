import { describe, expect, it } from 'vitest'
import { directoryOf } from '#core/kong/entities/collected-entities.ts'
import { plugins } from '#core/kong/entities/plugin.ts'
import type { NodeHost } from '#core/kong/plugins/plugin-host.ts'
import type { KongPlugin } from '#core/kong/plugins/plugin.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import { type AdminAnswer, type AdminFixture, openAdminFixture } from './admin-fixture.ts'
import { testPlugins } from './test-plugins.ts'

function openWithPlugins(): Promise<AdminFixture> {
  return openAdminFixture({ plugins: testPlugins })
}

function idOf({ body }: AdminAnswer): string {
  return String(body?.['id'])
}

describe('a plugin', () => {
  it('case 103: is created below a Service, also named by its name, with its settings completed', async () => {
    await using admin = await openWithPlugins()
    const service = await admin.send('PUT', '/services/s', 'host=h')
    const form = 'name=key-auth&config.key_names[1]=apikey&config.key_names[2]=key'
    const made = await admin.send('POST', '/services/s/plugins', form)
    expect(made).toMatchObject({ status: 201 })
    expect(made.body).toEqual({
      id: expect.any(String),
      created_at: expect.any(Number),
      name: 'key-auth',
      route: null,
      service: { id: idOf(service) },
      consumer: null,
      config: {
        key_names: ['apikey', 'key'],
        hide_credentials: false,
        anonymous: null,
        key_in_body: false,
        run_on_preflight: true,
      },
      run_on: 'first',
      protocols: ['http', 'https'],
      enabled: true,
      tags: null,
    })
    expect((await admin.send('GET', `/services/s/plugins/${idOf(made)}`)).body).toEqual(made.body)
    expect((await admin.send('GET', `/plugins/${idOf(made)}/service`)).body).toEqual(service.body)
    expect(await admin.send('GET', `/plugins/${idOf(made)}/route`)).toMatchObject({ status: 404 })
  })

  it('case 123: is created below a Route', async () => {
    await using admin = await openWithPlugins()
    const route = await admin.send('PUT', '/routes/r', 'hosts=h')
    const form = 'name=key-auth&config.key_names[1]=a&config.key_names[2]=b'
    const made = await admin.send('POST', '/routes/r/plugins', form)
    expect(made).toMatchObject({
      status: 201,
      body: { route: { id: idOf(route) }, config: { key_names: ['a', 'b'] } },
    })
    expect((await admin.send('GET', '/routes/r/plugins')).body?.['data']).toEqual([made.body])
    expect(await admin.send('POST', '/routes/x/plugins', form)).toMatchObject({ status: 404 })
  })

  it('case 136: takes run_on=first', async () => {
    await using admin = await openWithPlugins()
    const form = 'name=acl&run_on=first&config.whitelist[]=users'
    expect(await admin.send('POST', '/plugins', form)).toMatchObject({
      status: 201,
      body: { run_on: 'first', config: { whitelist: ['users'] } },
    })
  })

  it.each([
    ['name=key-auth&run_on=all', { run_on: 'expected one of: first' }],
    ['name=marker&config.mark=m&run_on=first', { run_on: 'expected one of: second, all' }],
    ['name=rate-limiting&config.hour=1&run_on=all', { run_on: 'expected one of: first, second' }],
    ['name=key-auth&protocols=tcp', { protocols: ['expected one of: http, https'] }],
    [
      'name=marker&config.mark=m&protocols=x',
      { protocols: ['expected one of: http, https, tcp, tls'] },
    ],
    ['name=marker', { config: { mark: 'required field missing' } }],
    ['name=marker&config.mark=m&config.x=1', { config: { x: 'unknown field' } }],
    [
      'name=marker&config.mark=m&config.levels=0',
      { config: { levels: ['value should be between 1 and 9'] } },
    ],
    ['name=marker&config=1', { config: 'expected a record' }],
    ['config.x=1', { name: 'required field missing' }],
    [
      'name=foo',
      { name: "plugin 'foo' not enabled; add it to the 'plugins' configuration property" },
    ],
  ])('is refused when it is %s', async (form, fields) => {
    await using admin = await openWithPlugins()
    expect(await admin.send('POST', '/plugins', form)).toMatchObject({
      status: 400,
      body: { code: 2, name: 'schema violation', fields },
    })
    expect(await admin.store.version()).toBe(0)
  })

  it('cannot be bound to a consumer where that has no meaning', async () => {
    await using admin = await openWithPlugins()
    await admin.send('PUT', '/consumers/bob', {})
    expect(await admin.send('POST', '/consumers/bob/plugins', 'name=key-auth')).toMatchObject({
      status: 400,
      body: { fields: { consumer: 'value must be null' } },
    })
    expect(
      await admin.send('POST', '/consumers/bob/plugins', 'name=rate-limiting&config.hour=1'),
    ).toMatchObject({ status: 201, body: { consumer: { id: expect.any(String) } } })
  })

  it('is the only one of its name with its bindings', async () => {
    await using admin = await openWithPlugins()
    const route = await admin.send('PUT', '/routes/r', 'hosts=h')
    expect(await admin.send('POST', '/plugins', 'name=basic-auth')).toMatchObject({ status: 201 })
    const form = `name=basic-auth&route.id=${idOf(route)}`
    expect(await admin.send('POST', '/plugins', form)).toMatchObject({ status: 201 })
    expect(await admin.send('POST', '/plugins', form)).toMatchObject({
      status: 409,
      body: {
        message: expect.stringMatching(/^UNIQUE violation detected on '\{.*\}'$/),
        code: 5,
        fields: { name: 'basic-auth', route: { id: idOf(route) }, service: null, consumer: null },
      },
    })
    const global = await admin.send('POST', '/plugins', 'name=basic-auth')
    expect(global).toMatchObject({ status: 409 })
    expect(global.body?.['fields']).toEqual({
      name: 'basic-auth',
      route: null,
      service: null,
      consumer: null,
    })
  })

  it('goes with the Service, Route or consumer that it is bound to', async () => {
    await using admin = await openWithPlugins()
    await admin.send('PUT', '/consumers/x', {})
    await admin.send('PUT', '/services/x', 'host=h')
    await admin.send('PUT', '/routes/x', 'hosts=h')
    for (const parent of ['/services/x', '/routes/x', '/consumers/x']) {
      const form = 'name=rate-limiting&config.hour=1'
      expect(await admin.send('POST', `${parent}/plugins`, form)).toMatchObject({ status: 201 })
    }
    expect((await admin.send('GET', '/plugins')).body).toMatchObject({ data: [{}, {}, {}] })
    for (const parent of ['/services/x', '/routes/x', '/consumers/x']) {
      expect(await admin.send('DELETE', parent)).toMatchObject({ status: 204 })
    }
    expect((await admin.send('GET', '/plugins')).body).toMatchObject({ data: [] })
  })

  it('case 141: is upserted, switched off, unbound and deleted', async () => {
    await using admin = await openWithPlugins()
    await admin.send('PUT', '/services/s', 'host=h')
    const path = '/plugins/0190c0de-0000-4000-8000-0000000000aa'
    const given = { name: 'key-auth', service: { name: 's' }, config: { key_names: ['k'] } }
    const made = await admin.send('PUT', path, given)
    expect(made).toMatchObject({ status: 200, body: { config: { key_names: ['k'] } } })
    expect((await admin.send('PATCH', path, 'enabled=false')).body).toEqual({
      ...made.body,
      enabled: false,
    })
    expect((await admin.send('PATCH', path, 'service=')).body).toMatchObject({ service: null })
    expect((await admin.send('PATCH', path, 'config.key_in_body=true')).body).toMatchObject({
      config: { key_names: ['k'], key_in_body: true },
    })
    expect(await admin.send('DELETE', path)).toMatchObject({ status: 204 })
    expect(await admin.send('GET', path)).toMatchObject({ status: 404 })
  })

  it('case 142: stays as it was when a change is refused', async () => {
    await using admin = await openWithPlugins()
    const made = await admin.send('POST', '/plugins', 'name=key-auth')
    const path = `/plugins/${idOf(made)}`
    expect(await admin.send('PATCH', path, 'foo=bar')).toMatchObject({
      status: 400,
      body: { message: 'schema violation (foo: unknown field)', code: 2 },
    })
    expect((await admin.send('GET', path)).body).toEqual(made.body)
  })

  it('gets the settings of the plugin that it is renamed to', async () => {
    await using admin = await openWithPlugins()
    const made = await admin.send('POST', '/plugins', 'name=marker&config.mark=m')
    const path = `/plugins/${idOf(made)}`
    expect(await admin.send('PATCH', path, 'name=key-auth')).toMatchObject({
      status: 400,
      body: { fields: { config: { mark: 'unknown field', nested: 'unknown field' } } },
    })
  })

  it('still lists and goes when its code is not loaded any more, but cannot be changed', async () => {
    await using admin = await openWithPlugins()
    const made = await admin.send('POST', '/plugins', 'name=marker&config.mark=m')
    await using without = await openAdminFixture({ store: admin.store })
    const path = `/plugins/${idOf(made)}`
    expect((await without.send('GET', '/plugins')).body?.['data']).toEqual([made.body])
    expect(await without.send('PATCH', path, 'enabled=false')).toMatchObject({
      status: 400,
      body: { fields: { name: expect.stringContaining("plugin 'marker' not enabled") } },
    })
    expect(await without.send('DELETE', path)).toMatchObject({ status: 204 })
  })

  it('is not found by a name', async () => {
    await using admin = await openWithPlugins()
    expect(await admin.send('GET', '/plugins/key-auth')).toMatchObject({
      status: 400,
      body: {
        code: 1,
        name: 'invalid primary key',
        message: `invalid primary key: '{id="expected a valid UUID"}'`,
      },
    })
  })
})

describe('protocols of a plugin', () => {
  const ofRoute = { fields: { protocols: "must match the associated route's protocols" } }
  const ofService = {
    fields: {
      protocols: "must match the protocols of at least one route pointing to this Plugin's service",
    },
  }

  async function openWithStreamRoute(): Promise<AdminFixture> {
    const admin = await openWithPlugins()
    await admin.send('PUT', '/services/s', 'host=h')
    const route = { protocols: ['tcp'], sources: [{ ip: '127.0.0.1' }], service: { name: 's' } }
    await admin.send('PUT', '/routes/r', route)
    return admin
  }

  it('case 139: must fit the Route, or a Route of the Service', async () => {
    await using admin = await openWithStreamRoute()
    const toRoute = { name: 'key-auth', protocols: ['http'], route: { name: 'r' } }
    const toService = { name: 'key-auth', protocols: ['http'], service: { name: 's' } }
    expect(await admin.send('POST', '/plugins', toRoute)).toMatchObject({
      status: 400,
      body: ofRoute,
    })
    expect(await admin.send('POST', '/plugins', toService)).toMatchObject({
      status: 400,
      body: ofService,
    })
    const global = await admin.send('POST', '/plugins', 'name=key-auth')
    const path = `/plugins/${idOf(global)}`
    for (const method of ['PATCH', 'PUT']) {
      const rest = method === 'PUT' ? { name: 'key-auth' } : {}
      const bindings = [
        [{ route: { name: 'r' } }, ofRoute],
        [{ service: { name: 's' } }, ofService],
      ] as const
      for (const [binding, body] of bindings) {
        const change = { ...rest, ...binding }
        expect(await admin.send(method, path, change)).toMatchObject({ status: 400, body })
      }
    }
    expect((await admin.send('GET', path)).body).toEqual(global.body)
  })

  it('need one in common only', async () => {
    await using admin = await openWithStreamRoute()
    await admin.send('POST', '/routes', { hosts: ['h'], service: { name: 's' } })
    const toService = { name: 'key-auth', protocols: ['http'], service: { name: 's' } }
    expect(await admin.send('POST', '/plugins', toService)).toMatchObject({ status: 201 })
    const mixed = { mark: 'm' }
    const toRoute = {
      name: 'marker',
      protocols: ['http', 'tcp'],
      config: mixed,
      route: { name: 'r' },
    }
    expect(await admin.send('POST', '/plugins', toRoute)).toMatchObject({ status: 201 })
  })

  it('case 140: may be any for a Service without Routes', async () => {
    await using admin = await openWithPlugins()
    await admin.send('PUT', '/services/s', 'host=h')
    const toService = { name: 'key-auth', protocols: ['http'], service: { name: 's' } }
    expect(await admin.send('POST', '/plugins', toService)).toMatchObject({ status: 201 })
  })

  it('are not compared when a new plugin leaves them to their default', async () => {
    await using admin = await openWithStreamRoute()
    const made = await admin.send('POST', '/routes/r/plugins', 'name=key-auth')
    expect(made).toMatchObject({ status: 201, body: { protocols: ['http', 'https'] } })
    expect(await admin.send('PATCH', `/plugins/${idOf(made)}`, 'enabled=false')).toMatchObject({
      status: 400,
      body: ofRoute,
    })
  })
})

describe('what can be asked about plugins', () => {
  it('case 143: which there are, and their settings', async () => {
    await using admin = await openWithPlugins()
    expect((await admin.send('GET', '/plugins/enabled')).body).toEqual({
      enabled_plugins: testPlugins.map(({ name }) => name).toSorted(),
    })
    expect(await admin.send('GET', '/plugins/schema/foobar')).toMatchObject({
      status: 404,
      body: { message: "No plugin named 'foobar'" },
    })
    const { body } = await admin.send('GET', '/plugins/schema/marker')
    expect(body).toEqual({
      fields: [
        { mark: { type: 'string', required: true } },
        { levels: { type: 'array', elements: { type: 'integer', between: [1, 9] } } },
        {
          nested: {
            type: 'record',
            required: true,
            fields: [{ deep: { type: 'number', default: 1 } }],
          },
        },
      ],
    })
  })

  it('which are loaded and which are in use', async () => {
    await using admin = await openWithPlugins()
    await admin.send('POST', '/plugins', 'name=key-auth')
    await admin.send('POST', '/plugins', 'name=marker&config.mark=m')
    expect((await admin.send('GET', '/')).body).toMatchObject({
      plugins: {
        available_on_server: { 'key-auth': true, marker: true },
        enabled_in_cluster: ['key-auth', 'marker'],
      },
    })
  })
})

describe('endpoints of plugins', () => {
  it('are served with what the node offers to plugins', async () => {
    const plugin: KongPlugin = {
      name: 'teller',
      priority: 1,
      config: { fields: {} },
      adminEndpoints: ({ nodeId }) => [
        { path: '/teller', handlers: { GET: () => ({ status: 200, body: { nodeId } }) } },
      ],
    }
    await using store = openMemoryStore()
    const pluginHost: NodeHost = {
      nodeId: 'the-node',
      hostname: 'host',
      prefix: '/nowhere',
      entities: directoryOf(new Map()),
      counters: store.counters,
      log: () => {},
      keep: (_key, make) => make(),
      counts: () => ({ accepted: 0, active: 0, requests: 0 }),
      reachable: async () => true,
    }
    await using admin = await openAdminFixture({ store, plugins: [plugin], pluginHost })
    expect((await admin.send('GET', '/teller')).body).toEqual({ nodeId: 'the-node' })
    await using without = await openAdminFixture({ store, plugins: [plugin] })
    expect((await without.send('GET', '/teller')).status).toBe(404)
  })
})

describe('rate-limiting', () => {
  it('case 220: needs a limit', async () => {
    await using admin = await openWithPlugins()
    const periods = ['second', 'minute', 'hour', 'day', 'month', 'year']
    expect(await admin.send('POST', '/plugins', 'name=rate-limiting')).toMatchObject({
      status: 400,
      body: {
        fields: {
          '@entity': [
            `at least one of these fields must be non-empty: ${periods
              .map((period) => `'config.${period}'`)
              .join(', ')}`,
          ],
        },
      },
    })
    expect(
      await admin.send('POST', '/plugins', 'name=rate-limiting&config.second=10'),
    ).toMatchObject({ status: 201, body: { config: { second: 10, policy: 'cluster' } } })
  })

  it('case 221: does not allow less in a longer time', async () => {
    await using admin = await openWithPlugins()
    const form = 'name=rate-limiting&config.second=20&config.hour=10'
    expect(await admin.send('POST', '/plugins', form)).toMatchObject({
      status: 400,
      body: {
        message:
          'schema violation (config: The limit for hour(10.0) cannot be lower than the limit for second(20.0))',
        fields: {
          config: 'The limit for hour(10.0) cannot be lower than the limit for second(20.0)',
        },
      },
    })
  })

  it('needs a server for its policy redis', async () => {
    await using admin = await openWithPlugins()
    const form = 'name=rate-limiting&config.second=20&config.policy=redis'
    expect(await admin.send('POST', '/plugins', form)).toMatchObject({
      status: 400,
      body: {
        fields: {
          '@entity': ["failed conditional validation given value of field 'config.policy'"],
          config: { redis_host: 'required field missing' },
        },
      },
    })
  })
})

describe('stored plugins', () => {
  it('are read whatever is loaded', async () => {
    await using admin = await openWithPlugins()
    await admin.send('POST', '/plugins', 'name=marker&config.mark=m')
    const [stored] = await admin.store.read((view) => view.list(plugins.collection))
    expect(stored).toMatchObject({ name: 'marker', config: { mark: 'm', nested: { deep: 1 } } })
  })
})
