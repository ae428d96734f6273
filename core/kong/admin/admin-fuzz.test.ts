import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { routes } from '#core/kong/entities/route.ts'
import { services } from '#core/kong/entities/service.ts'
import { validate } from '#core/kong/schema/validate.ts'
import { openAdminFixture, type AdminFixture } from './admin-fixture.ts'

const keys = [
  's',
  'r',
  '0190c0de-0000-4000-8000-00000000000a',
  'a b',
  '%00',
  '%ff',
  '__proto__',
  '..',
]
const key = fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 5 }).map(encodeURIComponent))
const path = fc.oneof(
  fc.constantFrom('/', '/status', '/services', '/routes', '//', '/x/y/z'),
  key.map((name) => `/services/${name}`),
  key.map((name) => `/routes/${name}`),
  key.map((name) => `/routes/${name}/service`),
  key.map((name) => `/services/${name}/routes`),
  fc.tuple(key, key).map(([parent, child]) => `/services/${parent}/routes/${child}`),
)
const query = fc.oneof(
  fc.constant(''),
  fc.constantFrom(
    '?size=0',
    '?size=2',
    '?size=1e999',
    '?offset=%ff',
    '?offset=WyJhIl0=',
    '?tags=a,b',
    '?tags=',
  ),
  fc.string({ maxLength: 9 }).map((text) => `?${encodeURIComponent(text)}`),
)

const names = [
  ...Object.keys(services.schema.fields),
  ...Object.keys(routes.schema.fields),
  'url',
  '__proto__',
  'toString',
]
const texts = [
  'h',
  's',
  'http',
  'tcp',
  '/',
  '/(',
  '*.a',
  '127.0.0.1',
  '10.0.0.0/8',
  'GET',
  'http://h:1/x',
  '',
]
const scalars = [0, 1, 80, -1, 1e308, true, null]
const lists = [
  ['tcp'],
  ['http', 'tls'],
  ['a', 'a'],
  [{ ip: '1.2.3.4', port: 1 }],
  [{ port: 70_000 }],
  [null],
  [],
]
const records = [{ id: keys[2] }, { name: 's' }, { id: 1 }, {}]
const good = fc.constantFrom<unknown>(...texts, ...scalars, ...lists, ...records)
const fields = fc.dictionary(
  fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 4 })),
  fc.oneof({ weight: 4, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) }),
  { maxKeys: 6, noNullPrototype: false },
)
const formName = fc
  .tuple(
    fc.constantFrom(...names),
    fc.constantFrom('', '[]', '[1]', '[2].ip', '.id', '.name', '[1].port', '..', '['),
  )
  .map((parts) => parts.join(''))
const form = fc.array(fc.tuple(formName, fc.oneof(good.map(String), fc.string())), { maxLength: 6 })

const likely = fc
  .tuple(
    fc.constantFrom(
      'host=h',
      'hosts=h',
      'url=tcp://h:1',
      'protocols=tls&snis=a.b',
      'hosts=h&service.name=s',
    ),
    fc.constantFrom('', '&name=s', '&name=r', '&tags=x', '&port=1'),
  )
  .map(([needed, more]) => ({
    text: `${needed}${more}`,
    type: 'application/x-www-form-urlencoded',
  }))

const body = fc.oneof(
  fc.constant({}),
  likely,
  fields.map((value) => ({ text: JSON.stringify(value), type: 'application/json' })),
  form.map((pairs) => ({
    text: pairs
      .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
      .join('&'),
    type: 'application/x-www-form-urlencoded',
  })),
  fc.record({
    text: fc.string({ maxLength: 40 }),
    type: fc.constantFrom(
      'application/json',
      'multipart/form-data; boundary=x',
      'text/plain',
      'multipart/form-data',
    ),
  }),
)

const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')

interface Sent {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: { readonly text?: string; readonly type?: string }
}

/** Something that is likely to be accepted, so that the store does not stay empty. */
const creation = fc.record<Sent>({
  method: fc.constant('POST'),
  path: fc.constantFrom('/services', '/routes', '/services/s/routes'),
  query: fc.constant(''),
  body: likely,
})

it('answers every request without a fault of its own, and stores only what is whole', async () => {
  await using admin = await openAdminFixture()
  await admin.send('PUT', '/services/s', 'host=h')
  await admin.send('PUT', '/routes/r', 'hosts=h&service.name=s')
  const statuses = new Map<number, number>()
  const request = fc.oneof(
    { weight: 6, arbitrary: fc.record<Sent>({ method, path, query, body }) },
    { weight: 1, arbitrary: creation },
  )
  await fc.assert(
    fc.asyncProperty(request, async (sent) => {
      const before = await admin.store.version()
      const status = await send(admin, sent)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      expect(status).toBeLessThan(500)
      expect(admin.faults).toEqual([])
      const after = await admin.store.version()
      if (status >= 400 || sent.method === 'GET') expect(after).toBe(before)
      expect(after - before).toBeLessThanOrEqual(1)
    }),
    { numRuns: 1500 },
  )
  expect(await faultyEntities(admin)).toEqual([])
  // The fuzz would prove nothing if everything had been refused for the same reason.
  for (const status of [200, 201, 204, 400, 404, 405, 415]) {
    expect(statuses.get(status)).toBeGreaterThan(5)
  }
}, 60_000)

async function send(
  admin: AdminFixture,
  { method: verb, path: where, query: args, body: sent }: Sent,
): Promise<number> {
  const carries = verb !== 'GET' && verb !== 'HEAD'
  const response = await fetch(`${admin.origin}${where}${args}`, {
    method: verb,
    ...(carries && sent.text !== undefined ? { body: sent.text } : {}),
    headers: sent.type === undefined ? {} : { 'content-type': sent.type },
  })
  const text = await response.text()
  if (text !== '' && where !== '/robots.txt') JSON.parse(text)
  return response.status
}

/** Stored entities that the schemas would not let in. */
async function faultyEntities(admin: AdminFixture): Promise<unknown[]> {
  return admin.store.read(async (view) => {
    const found: unknown[] = []
    const stored = await view.list(services.collection)
    const ids = new Set(stored.map(({ id }) => id))
    for (const service of stored) {
      if (validate(services.schema, { ...service }) !== undefined) found.push(service)
    }
    for (const route of await view.list(routes.collection)) {
      if (validate(routes.schema, { ...route }) !== undefined) found.push(route)
      if (route.service !== null && !ids.has(route.service.id)) found.push(route)
    }
    return found
  })
}
