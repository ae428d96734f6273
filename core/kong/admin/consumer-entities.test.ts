import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type AdminFixture, openAdminFixture } from './admin-fixture.ts'
import { testPlugins } from './test-plugins.ts'

async function openWithConsumers(): Promise<AdminFixture> {
  const admin = await openAdminFixture({ plugins: testPlugins })
  for (const name of ['bob', 'eve']) await admin.send('PUT', `/consumers/${name}`, {})
  return admin
}

describe('a consumer', () => {
  it('has one of two names at least, each of them alone', async () => {
    await using admin = await openAdminFixture()
    expect(await admin.send('POST', '/consumers', 'tags[]=x')).toMatchObject({
      status: 400,
      body: {
        message:
          "schema violation (at least one of these fields must be non-empty: 'custom_id', 'username')",
      },
    })
    const made = await admin.send('POST', '/consumers', 'username=bob&custom_id=1234')
    expect(made).toMatchObject({ status: 201 })
    expect(made.body).toEqual({
      id: expect.any(String),
      created_at: expect.any(Number),
      username: 'bob',
      custom_id: '1234',
      tags: null,
    })
    expect(await admin.send('POST', '/consumers', 'username=bob')).toMatchObject({
      status: 409,
      body: { fields: { username: 'bob' } },
    })
    expect(await admin.send('POST', '/consumers', 'username=eve&custom_id=1234')).toMatchObject({
      status: 409,
      body: { message: `UNIQUE violation detected on '{custom_id="1234"}'` },
    })
    expect(await admin.send('PATCH', '/consumers/bob', 'username=&custom_id=')).toMatchObject({
      status: 400,
      body: {
        fields: {
          '@entity': [
            "when updating, at least one of these fields must be non-empty: 'custom_id', 'username'",
          ],
        },
      },
    })
  })

  it('is found by its custom_id', async () => {
    await using admin = await openAdminFixture()
    const made = await admin.send('POST', '/consumers', 'username=bob&custom_id=1234')
    await admin.send('POST', '/consumers', 'username=eve')
    expect((await admin.send('GET', '/consumers?custom_id=1234')).body).toEqual({
      data: [made.body],
      next: null,
    })
    expect((await admin.send('GET', '/consumers?custom_id=x')).body).toEqual({
      data: [],
      next: null,
    })
    expect((await admin.send('GET', '/consumers')).body).toMatchObject({ data: [{}, {}] })
  })
})

describe('credentials', () => {
  it('are created below their consumer, with a key made up when none is given', async () => {
    await using admin = await openWithConsumers()
    const bob = await admin.send('GET', '/consumers/bob')
    const made = await admin.send('POST', '/consumers/bob/key-auth')
    expect(made).toMatchObject({ status: 201 })
    expect(made.body).toEqual({
      id: expect.any(String),
      created_at: expect.any(Number),
      key: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      consumer: { id: bob.body?.['id'] },
    })
    const { id, key } = Object(made.body)
    for (const path of [
      `/consumers/bob/key-auth/${id}`,
      `/consumers/bob/key-auth/${key}`,
      `/consumers/bob/keyauth_credentials/${key}`,
      `/key-auths/${id}`,
      `/key-auths/${key}`,
      `/keyauth_credentials/${key}`,
    ]) {
      expect(await admin.send('GET', path)).toMatchObject({ status: 200, body: made.body })
    }
    for (const path of [`/key-auths/${key}/consumer`, `/keyauth_credentials/${id}/consumer`]) {
      expect((await admin.send('GET', path)).body).toEqual(bob.body)
    }
    expect(await admin.send('DELETE', `/key-auths/${key}/consumer`)).toMatchObject({ status: 405 })
  })

  it('belong to one consumer and are not reached through another', async () => {
    await using admin = await openWithConsumers()
    const made = await admin.send('POST', '/consumers/bob/key-auth', 'key=1234')
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const body = method === 'PUT' || method === 'PATCH' ? 'key=5678' : undefined
      expect(await admin.send(method, '/consumers/eve/key-auth/1234', body)).toMatchObject({
        status: 404,
      })
    }
    expect(await admin.send('POST', '/consumers/eve/key-auth', 'key=1234')).toMatchObject({
      status: 409,
      body: { fields: { key: '1234' } },
    })
    expect((await admin.send('GET', '/consumers/eve/key-auth')).body).toMatchObject({ data: [] })
    expect((await admin.send('GET', '/consumers/bob/key-auth')).body?.['data']).toEqual([made.body])
    expect(await admin.send('PATCH', '/consumers/bob/key-auth/1234', 'key=5678')).toMatchObject({
      status: 200,
      body: { key: '5678' },
    })
    expect(await admin.send('PUT', '/consumers/bob/key-auth/new', {})).toMatchObject({
      status: 200,
      body: { key: 'new' },
    })
    expect(await admin.send('DELETE', '/consumers/bob/key-auth/5678')).toMatchObject({
      status: 204,
    })
    expect((await admin.send('GET', '/key-auths')).body).toMatchObject({ data: [{ key: 'new' }] })
  })

  it('are listed under the path that was asked for', async () => {
    await using admin = await openWithConsumers()
    for (const key of ['a', 'b']) await admin.send('POST', '/consumers/bob/key-auth', { key })
    for (const path of ['/key-auths', '/keyauth_credentials']) {
      const { body } = await admin.send('GET', `${path}?size=1`)
      expect(String(body?.['next'])).toMatch(`${path}?offset=`)
      expect((await admin.send('GET', String(body?.['next']))).body).toMatchObject({ data: [{}] })
    }
    const { body } = await admin.send('GET', '/consumers/bob/key-auth?size=1')
    expect(body?.['next']).toMatch(/^\/consumers\/[^/]+\/key-auth\?offset=/)
  })

  it('are created beside their consumer, who is named by id or user name', async () => {
    await using admin = await openWithConsumers()
    const bob = await admin.send('GET', '/consumers/bob')
    const owner = { consumer: { id: bob.body?.['id'] } }
    for (const consumer of [owner.consumer, { username: 'bob' }]) {
      expect(await admin.send('POST', '/key-auths', { consumer })).toMatchObject({
        status: 201,
        body: owner,
      })
    }
    expect(await admin.send('POST', '/key-auths', 'consumer.username=nobody')).toMatchObject({
      status: 400,
      body: { code: 13 },
    })
  })

  it('go with their consumer', async () => {
    await using admin = await openWithConsumers()
    await admin.send('POST', '/consumers/bob/key-auth')
    await admin.send('POST', '/consumers/bob/acls', 'group=g')
    expect(await admin.send('DELETE', '/consumers/bob')).toMatchObject({ status: 204 })
    expect((await admin.send('GET', '/key-auths')).body).toMatchObject({ data: [] })
    expect((await admin.send('GET', '/acls')).body).toMatchObject({ data: [] })
  })

  it('keep a password as its hash, also when something else is changed', async () => {
    await using admin = await openWithConsumers()
    const bob = await admin.send('GET', '/consumers/bob')
    const hash = (password: string): string =>
      createHash('sha1')
        .update(`${password}${String(bob.body?.['id'])}`)
        .digest('hex')
    const made = await admin.send('POST', '/consumers/bob/basic-auth', 'username=b&password=one')
    expect(made).toMatchObject({ status: 201, body: { username: 'b', password: hash('one') } })
    expect(await admin.send('PATCH', '/basic-auths/b', 'username=c')).toMatchObject({
      status: 200,
      body: { username: 'c', password: hash('one') },
    })
    expect(await admin.send('PATCH', '/basic-auths/c', 'password=two')).toMatchObject({
      body: { password: hash('two') },
    })
    const put = { username: 'c', password: 'three' }
    expect(await admin.send('PUT', '/consumers/bob/basic-auth/c', put)).toMatchObject({
      status: 200,
      body: { password: hash('three') },
    })
    const stored = JSON.stringify((await admin.send('GET', '/basic-auths')).body)
    for (const password of ['one', 'two', 'three']) expect(stored).not.toContain(`"${password}"`)
    expect(stored).toContain(hash('three'))
  })

  it('have a group name by which they are known below their consumer', async () => {
    await using admin = await openWithConsumers()
    for (const name of ['bob', 'eve']) {
      expect(await admin.send('POST', `/consumers/${name}/acls`, 'group=admins')).toMatchObject({
        status: 201,
      })
    }
    const made = await admin.send('GET', '/consumers/bob/acls/admins')
    const eves = await admin.send('GET', '/consumers/eve/acls/admins')
    expect(made).toMatchObject({ status: 200, body: { group: 'admins' } })
    expect(eves.body?.['id']).not.toBe(made.body?.['id'])
    const id = String(made.body?.['id'])
    expect((await admin.send('GET', `/consumers/bob/acls/${id}`)).body).toEqual(made.body)
    expect(await admin.send('GET', `/consumers/eve/acls/${id}`)).toMatchObject({ status: 404 })
    expect(await admin.send('PUT', '/consumers/bob/acls/admins', {})).toMatchObject({
      status: 200,
      body: { id },
    })
    expect(await admin.send('PUT', '/consumers/bob/acls/users', {})).toMatchObject({
      status: 200,
      body: { group: 'users' },
    })
    expect(await admin.send('PATCH', '/consumers/bob/acls/users', 'group=staff')).toMatchObject({
      status: 200,
      body: { group: 'staff' },
    })
    expect(await admin.send('POST', '/consumers/bob/acls', 'group=staff')).toMatchObject({
      status: 409,
    })
    const statuses: number[] = []
    for (const group of ['admins', 'admins', 'nothing']) {
      statuses.push((await admin.send('DELETE', `/consumers/bob/acls/${group}`)).status)
    }
    expect(statuses).toEqual([204, 404, 404])
    expect((await admin.send('GET', '/acls')).body?.['data']).toHaveLength(2)
    expect(await admin.send('GET', '/acls/staff')).toMatchObject({ status: 400, body: { code: 1 } })
  })
})
