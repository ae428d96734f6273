import { describe, expect, it } from 'vitest'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { type AdminFixture, openAdminFixture } from './admin-fixture.ts'

const [one, other] = await Promise.all([selfSigned(kongSubject), selfSigned(kongSubject)])
const pair = { cert: one.certificate, key: one.privateKey }
const otherPair = { cert: other.certificate, key: other.privateKey }

async function add(admin: AdminFixture, snis: readonly string[]): Promise<string> {
  const { body } = await admin.send('POST', '/certificates', { ...pair, snis })
  return String(body?.['id'])
}

async function snisOf(admin: AdminFixture, key: string): Promise<unknown> {
  return (await admin.send('GET', `/certificates/${key}`)).body?.['snis']
}

async function everything(admin: AdminFixture): Promise<unknown> {
  return [(await admin.send('GET', '/certificates')).body, (await admin.send('GET', '/snis')).body]
}

describe('a certificate', () => {
  it.each(['json', 'form', 'multipart'])(
    'case 147: comes with its names, which are shown sorted (%s)',
    async (type) => {
      await using admin = await openAdminFixture()
      const names = ['foo.com', 'bar.com']
      const form = new URLSearchParams({ ...pair, 'snis[1]': 'foo.com', 'snis[2]': 'bar.com' })
      const multipart = new FormData()
      for (const [name, value] of form) multipart.set(name, value)
      const sent =
        type === 'json'
          ? await admin.send('POST', '/certificates', { ...pair, snis: names })
          : type === 'form'
            ? await admin.send('POST', '/certificates', form.toString())
            : await sendMultipart(admin, multipart)
      expect(sent.status).toBe(201)
      expect(sent.body).toEqual({
        id: expect.any(String),
        created_at: expect.any(Number),
        cert: expect.stringContaining('BEGIN CERTIFICATE'),
        key: expect.stringContaining('PRIVATE KEY'),
        tags: null,
        snis: ['bar.com', 'foo.com'],
      })
      const { id } = Object(sent.body)
      for (const key of [id, 'foo.com', 'bar.com']) {
        expect(await admin.send('GET', `/certificates/${key}`)).toMatchObject({
          status: 200,
          body: sent.body,
        })
      }
      expect((await admin.send('GET', '/certificates')).body?.['data']).toEqual([sent.body])
      expect((await admin.send('GET', '/snis/foo.com')).body).toMatchObject({
        name: 'foo.com',
        certificate: { id },
      })
    },
  )

  it('case 147: is not found by a name that nobody has', async () => {
    await using admin = await openAdminFixture()
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const body = method === 'PATCH' ? {} : undefined
      expect(await admin.send(method, '/certificates/unknown.com', body)).toMatchObject({
        status: 404,
        body: { message: 'SNI not found' },
      })
    }
    const path = '/certificates/0190c0de-0000-4000-8000-00000000000a'
    expect(await admin.send('GET', path)).toMatchObject({ body: { message: 'Not found' } })
    expect(await admin.send('DELETE', path)).toMatchObject({ status: 204 })
  })

  it('case 148: shares no name with another, and has none twice', async () => {
    await using admin = await openAdminFixture()
    const id = await add(admin, ['foo.com', 'bar.com'])
    const second = await add(admin, ['else.com'])
    const before = await everything(admin)
    const attempts = [
      ['POST', '/certificates', pair],
      ['PATCH', `/certificates/${second}`, {}],
      ['PUT', `/certificates/${second}`, pair],
      ['PUT', '/certificates/new.com', pair],
    ] as const
    for (const [method, path, rest] of attempts) {
      const twice = { ...rest, snis: ['foobar.com', 'baz.com', 'foobar.com'] }
      expect(await admin.send(method, path, twice)).toMatchObject({
        status: 400,
        body: {
          message: 'schema violation (snis: foobar.com is duplicated)',
          code: 2,
          fields: { snis: 'foobar.com is duplicated' },
        },
      })
      const fault = `foo.com already associated with existing certificate '${id}'`
      expect(
        await admin.send(method, path, { ...rest, snis: ['baz.com', 'foo.com'] }),
      ).toMatchObject({
        status: 400,
        body: { message: `schema violation (snis: ${fault})`, fields: { snis: fault } },
      })
    }
    expect(await everything(admin)).toEqual(before)
  })

  it('case 149: fits its key', async () => {
    await using admin = await openAdminFixture()
    const mismatch = { cert: pair.cert, key: otherPair.key, snis: ['foo.com'] }
    expect(await admin.send('POST', '/certificates', mismatch)).toMatchObject({
      status: 400,
      body: {
        message: 'schema violation (certificate does not match key)',
        fields: { '@entity': ['certificate does not match key'] },
      },
    })
    const id = await add(admin, [])
    expect(
      await admin.send('PATCH', `/certificates/${id}`, { cert: otherPair.cert }),
    ).toMatchObject({
      status: 400,
      body: { fields: { '@entity': ['certificate does not match key'] } },
    })
    expect(await admin.send('PATCH', `/certificates/${id}`, otherPair)).toMatchObject({
      status: 200,
      body: otherPair,
    })
  })

  it('is refused with all its faults when it is none', async () => {
    await using admin = await openAdminFixture()
    expect(
      await admin.send('POST', '/certificates', { cert: 'x', key: 'y', snis: ['*.a.com', 1] }),
    ).toMatchObject({
      status: 400,
      body: {
        fields: {
          cert: expect.stringMatching(/^invalid certificate: ./),
          key: expect.stringMatching(/^invalid key: ./),
          snis: ['invalid value: *.a.com', 'expected a string'],
        },
      },
    })
    expect(await admin.send('POST', '/certificates', {})).toMatchObject({
      body: {
        message: '2 schema violations (cert: required field missing; key: required field missing)',
      },
    })
    expect(await admin.send('POST', '/certificates', 'snis[1].x=1&snis[2]=a')).toMatchObject({
      status: 400,
    })
  })

  it('case 150: takes its names with it', async () => {
    await using admin = await openAdminFixture()
    await add(admin, ['foo.com', 'bar.com'])
    const kept = await add(admin, ['else.com'])
    expect(await admin.send('DELETE', '/certificates/foo.com')).toMatchObject({ status: 204 })
    expect(await admin.send('GET', '/snis/foo.com')).toMatchObject({
      status: 404,
      body: { message: 'Not found' },
    })
    expect((await admin.send('GET', '/snis')).body).toMatchObject({
      data: [{ name: 'else.com', certificate: { id: kept } }],
    })
  })

  it('gets other names by PATCH, or keeps its own, or loses all', async () => {
    await using admin = await openAdminFixture()
    const id = await add(admin, ['foo.com', 'bar.com'])
    const full = (await admin.send('GET', `/certificates/${id}`)).body
    expect((await admin.send('PATCH', '/certificates/foo.com', {})).body).toEqual(full)
    await admin.send('PATCH', `/certificates/${id}`, { snis: ['foo.com', 'new.com'] })
    expect(await snisOf(admin, id)).toEqual(['foo.com', 'new.com'])
    await admin.send('PATCH', '/certificates/new.com', 'snis=other.com')
    expect(await snisOf(admin, 'other.com')).toEqual(['other.com'])
    expect((await admin.send('PATCH', `/certificates/${id}`, { snis: null })).body).toMatchObject({
      snis: [],
    })
    expect((await admin.send('GET', '/snis')).body).toMatchObject({ data: [] })
  })

  it('is put under a name, which it then has', async () => {
    await using admin = await openAdminFixture()
    const first = await admin.send('PUT', '/certificates/b.com', { ...pair, snis: ['a.com'] })
    expect(first).toMatchObject({ status: 200, body: { snis: ['a.com', 'b.com'] } })
    const again = await admin.send('PUT', '/certificates/b.com', {
      ...otherPair,
      snis: ['b.com', 'c.com'],
    })
    expect(again).toMatchObject({
      status: 200,
      body: { id: first.body?.['id'], snis: ['b.com', 'c.com'], cert: otherPair.cert },
    })
    const moved = await admin.send('PUT', '/certificates/b.com', { ...pair, snis: ['d.com'] })
    expect(moved).toMatchObject({ status: 200, body: { id: first.body?.['id'], snis: ['d.com'] } })
    expect(await admin.send('PUT', '/certificates/a b', pair)).toMatchObject({ status: 400 })
  })

  it('keeps its names when a PUT does not speak of them', async () => {
    await using admin = await openAdminFixture()
    const id = await add(admin, ['foo.com', 'bar.com'])
    for (const key of [id, 'foo.com']) {
      expect(await admin.send('PUT', `/certificates/${key}`, otherPair)).toMatchObject({
        status: 200,
        body: { id, cert: otherPair.cert, snis: ['bar.com', 'foo.com'] },
      })
    }
    expect(await admin.send('PUT', `/certificates/${id}`, { ...pair, snis: null })).toMatchObject({
      status: 200,
      body: { snis: [] },
    })
  })
})

describe('a server name', () => {
  it('is given to a certificate below it, by id and by another name', async () => {
    await using admin = await openAdminFixture()
    const id = await add(admin, ['foo.com'])
    expect(await admin.send('POST', `/certificates/${id}/snis`, 'name=a.com')).toMatchObject({
      status: 201,
      body: { name: 'a.com', certificate: { id }, tags: null },
    })
    expect(await admin.send('POST', '/certificates/foo.com/snis', 'name=b.com')).toMatchObject({
      status: 201,
    })
    expect(await snisOf(admin, id)).toEqual(['a.com', 'b.com', 'foo.com'])
    expect(await admin.send('POST', '/snis', { name: 'a.com', certificate: { id } })).toMatchObject(
      { status: 409, body: { code: 5, fields: { name: 'a.com' } } },
    )
    const unknown = '/certificates/585e4c16-c656-11e6-8db9-5f512d8a12cd/snis'
    expect(await admin.send('POST', unknown, 'name=x.com')).toMatchObject({
      status: 404,
      body: { message: 'Not found' },
    })
  })

  it('needs a certificate and is neither pattern nor address', async () => {
    await using admin = await openAdminFixture()
    const id = await add(admin, [])
    expect(await admin.send('POST', '/snis', 'name=a.com')).toMatchObject({
      status: 400,
      body: { fields: { certificate: 'required field missing' } },
    })
    for (const [name, fault] of [
      ['*.a.com', 'invalid value: *.a.com'],
      ['127.0.0.1', 'must not be an IP'],
      ['a.com:443', 'must not have a port'],
    ]) {
      expect(await admin.send('POST', '/snis', { name, certificate: { id } })).toMatchObject({
        status: 400,
        body: { fields: { name: fault } },
      })
    }
  })

  it('is renamed, and does not lead to its certificate', async () => {
    await using admin = await openAdminFixture()
    const id = await add(admin, ['foo.com'])
    expect(await admin.send('PATCH', '/snis/foo.com', 'name=bar.com')).toMatchObject({
      status: 200,
    })
    expect(await snisOf(admin, id)).toEqual(['bar.com'])
    expect(await admin.send('GET', '/snis/bar.com/certificate')).toMatchObject({
      status: 404,
      body: { message: 'Not found' },
    })
  })
})

async function sendMultipart(
  admin: AdminFixture,
  body: FormData,
): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> {
  const response = await fetch(`${admin.origin}/certificates`, { method: 'POST', body })
  return { status: response.status, body: Object(await response.json()) }
}
