import { expect, it } from 'vitest'
import { bundledPlugins } from '#core/kong/plugins/bundled-plugins.ts'
import { openAdminFixture } from './admin-fixture.ts'

it.each([...bundledPlugins])(
  'the settings of %s are described, and judged when they are empty or wrong',
  async (name, load) => {
    const plugin = await load()
    await using admin = await openAdminFixture({ plugins: [plugin] })
    const { status, body } = await admin.send('GET', `/plugins/schema/${name}`)
    expect(status).toBe(200)
    const described: readonly object[] = Object(body?.['fields'])
    expect(described.flatMap(Object.keys)).toEqual(Object.keys(plugin.config.fields))
    const made = await admin.send('POST', '/plugins', { name })
    expect([201, 400]).toContain(made.status)
    if (made.status === 201) {
      expect(Object.keys(Object(made.body?.['config']))).toEqual(Object.keys(plugin.config.fields))
    } else {
      expect(Object.keys(Object(made.body?.['fields'])).join()).toMatch(/^(config|@entity|,)+$/)
    }
    expect(
      await admin.send('POST', '/plugins', { name, config: { no_such_field: 1 } }),
    ).toMatchObject({
      status: 400,
      body: { fields: { config: { no_such_field: 'unknown field' } } },
    })
    expect(admin.faults).toEqual([])
  },
)
