import { describe, expect, it } from 'vitest'
import { openAdminFixture } from './admin-fixture.ts'
import { renderOffset } from './page-request.ts'
import { testPlugins } from './test-plugins.ts'

describe('tags', () => {
  it('are listed with who has them, page by page, each use once', async () => {
    await using admin = await openAdminFixture({ plugins: testPlugins })
    const expected = new Set<string>()
    for (let n = 0; n < 7; n += 1) {
      for (const [kind, rest] of [
        ['services', { host: 'h' }],
        ['routes', { hosts: ['h'] }],
        ['consumers', { username: `${n}` }],
      ] as const) {
        const tags = ['a', 'b', 'c'].slice(0, n % 4)
        const { body } = await admin.send('POST', `/${kind}`, { ...rest, tags })
        for (const tag of tags) expected.add(`${kind} ${String(body?.['id'])} ${tag}`)
      }
    }
    await admin.send('POST', '/plugins', 'name=key-auth&tags[]=p')
    for (const size of [1, 2, 4, 1000]) {
      const uses: string[] = []
      let path: unknown = `/tags?size=${size}`
      while (typeof path === 'string') {
        const { status, body } = await admin.send('GET', path)
        expect(status).toBe(200)
        for (const use of Object(body?.['data'])) {
          uses.push(`${use.entity_name} ${use.entity_id} ${use.tag}`)
        }
        const next = body?.['next']
        path = typeof next === 'string' ? `${next}&size=${size}` : next
      }
      const own = uses.filter((use) => !use.startsWith('plugins'))
      expect(own.toSorted()).toEqual([...expected].toSorted())
      expect(uses).toHaveLength(own.length + 1)
    }
  })

  it('are looked up one at a time', async () => {
    await using admin = await openAdminFixture()
    const { body } = await admin.send('PUT', '/services/s', { host: 'h', tags: ['a', 'b'] })
    await admin.send('PUT', '/routes/r', { hosts: ['h'], tags: ['b'] })
    expect((await admin.send('GET', '/tags/a')).body).toEqual({
      data: [{ entity_name: 'services', entity_id: body?.['id'], tag: 'a' }],
      next: null,
    })
    const first = await admin.send('GET', '/tags/b?size=1')
    expect(first.body).toMatchObject({ data: [{ entity_name: 'services' }] })
    expect(String(first.body?.['next'])).toMatch('/tags/b?offset=')
    expect((await admin.send('GET', String(first.body?.['next']))).body).toMatchObject({
      data: [{ entity_name: 'routes' }],
      next: null,
    })
    expect((await admin.send('GET', '/tags/none')).body).toEqual({ data: [], next: null })
    expect(await admin.send('GET', '/tags/@_@')).toMatchObject({
      status: 400,
      body: { code: 10, name: 'invalid unique tag', message: 'invalid value: @_@' },
    })
  })

  it.each(['/tags', '/tags/a', '/services', '/upstreams/u/targets'])(
    'and other lists are not continued where no page ends: %s',
    async (path) => {
      await using admin = await openAdminFixture()
      await admin.send('PUT', '/upstreams/u', {})
      for (const place of ['services  a', '\0', 'x'.repeat(36), '']) {
        const offset = encodeURIComponent(renderOffset(place))
        const { status } = await admin.send('GET', `${path}?offset=${offset}`)
        // An id that does not exist is as good as one that does, where lists go by ids.
        const isFine = path === '/services' && /^[ -~]+$/.test(place)
        expect({ place, status }).toEqual({ place, status: isFine ? 200 : 400 })
      }
    },
  )

  it('case 152: filter every list that has them', async () => {
    await using admin = await openAdminFixture({ plugins: testPlugins })
    await admin.send('PUT', '/upstreams/u', { tags: ['a'] })
    await admin.send('PUT', '/upstreams/v', { tags: ['a', 'b'] })
    await admin.send('POST', '/plugins', 'name=key-auth&tags[]=a')
    const count = async (path: string): Promise<unknown> =>
      Object((await admin.send('GET', path)).body?.['data']).length
    expect(await count('/upstreams?tags=a')).toBe(2)
    expect(await count('/upstreams?tags=a,b')).toBe(1)
    expect(await count('/plugins?tags=a/b')).toBe(1)
    expect(await count('/consumers?tags=a')).toBe(0)
  })
})
