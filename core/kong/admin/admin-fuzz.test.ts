import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { kongKinds, storedKinds } from '#core/kong/entities/kong-kinds.ts'
import { valueAt } from '#core/kong/schema/plain-record.ts'
import { validate } from '#core/kong/schema/validate.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import { openTestPostgres } from '#core/store/open-test-postgres.ts'
import { openPostgresStore } from '#core/store/postgres-store.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import type { Store } from '#core/store/store.ts'
import { openAdminFixture, type AdminFixture } from './admin-fixture.ts'
import { testPlugins } from './test-plugins.ts'

const kinds = kongKinds(testPlugins)
const collections = [
  ...kinds.map(({ schema }) => schema.name),
  ...kinds.flatMap(({ endpoints }) => endpoints?.path ?? []),
]
const below = [...collections, ...kinds.flatMap(({ endpoints }) => endpoints?.nestedPath ?? [])]
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
const collection = fc.constantFrom(...collections)
const path = fc.oneof(
  fc.constantFrom('/', '/status', '/tags', '/cache', '/config', '/plugins/enabled', '//', '/x/y/z'),
  collection.map((name) => `/${name}`),
  fc.tuple(collection, key).map((parts) => `/${parts.join('/')}`),
  fc
    .tuple(collection, key, fc.constantFrom(...below, 'service', 'consumer', 'health'))
    .map((parts) => `/${parts.join('/')}`),
  fc.tuple(collection, key, fc.constantFrom(...below), key).map((parts) => `/${parts.join('/')}`),
  fc
    .tuple(fc.constantFrom('/tags', '/cache', '/plugins/schema', '/upstreams/u/targets'), key)
    .map((parts) => parts.join('/')),
  key.map((name) => `/upstreams/u/targets/${name}/unhealthy`),
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
    '?offset=WyJcdTAwMDAiXQ==',
    '?custom_id=%00',
    '?custom_id=s',
  ),
  fc.string({ maxLength: 9 }).map((text) => `?${encodeURIComponent(text)}`),
)

const names = [
  ...new Set(kinds.flatMap(({ schema }) => Object.keys(schema.fields))),
  'snis',
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
  'h:80',
  '::1',
  'key-auth',
  'marker',
  'header',
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
const records = [
  { id: keys[2] },
  { name: 's' },
  { id: 1 },
  {},
  { mark: 'm' },
  { active: { healthy: { successes: 1 } } },
  JSON.parse('{"__proto__":{"a":1},"constructor":1}'),
]
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
      'username=s',
      'name=marker&config.mark=m',
      'name=u',
      'target=h:80',
      'consumer.username=s&key=s',
      'consumer.username=s&group=s',
    ),
    fc.constantFrom('', '&name=s', '&name=r', '&tags=x', '&port=1'),
  )
  .map(([needed, more]) => ({
    text: `${needed}${more}`,
    type: 'application/x-www-form-urlencoded',
  }))

const body = fc.oneof(
  fc.constant({}),
  fc.constant({ text: 'host=h', type: 'text/plain' }),
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
  path: fc.constantFrom(
    '/services',
    '/routes',
    '/services/s/routes',
    '/consumers',
    '/plugins',
    '/services/s/plugins',
    '/upstreams',
    '/upstreams/u/targets',
    '/key-auths',
    '/acls',
  ),
  query: fc.constant(''),
  body: likely,
})

const stores: readonly (readonly [
  name: string,
  open: (owned: AsyncDisposableStack) => Promise<Store>,
])[] = [
  ['memory', async (owned) => owned.use(openMemoryStore())],
  [
    'SQLite',
    async (owned) => {
      const folder = owned.use(await mkdtempDisposable(join(tmpdir(), 'meshyard-fuzz-')))
      return owned.use(await openSqliteStore(join(folder.path, 'kong.sqlite')))
    },
  ],
  [
    'PostgreSQL',
    async (owned) => {
      const server = owned.use(await openTestPostgres())
      return owned.use(await openPostgresStore(await server.createDatabase()))
    },
  ],
]

it.each(stores)(
  'answers every request without a fault of its own, and stores only what is whole (%s)',
  async (_name, open) => {
    await using owned = new AsyncDisposableStack()
    const store = await open(owned)
    await using admin = await openAdminFixture({ plugins: testPlugins, store })
    await admin.send('PUT', '/services/s', 'host=h')
    await admin.send('PUT', '/routes/r', 'hosts=h&service.name=s')
    await admin.send('PUT', '/consumers/s', {})
    await admin.send('PUT', '/upstreams/u', {})
    const statuses = new Map<number, number>()
    const request = fc.oneof(
      { weight: 6, arbitrary: fc.record<Sent>({ method, path, query, body }) },
      { weight: 3, arbitrary: creation },
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
      { numRuns: 2000 },
    )
    expect(await faultyEntities(admin)).toEqual([])
    // The fuzz would prove nothing if everything had been refused for the same reason.
    for (const status of [200, 201, 204, 400, 404, 405, 409, 415]) {
      expect(statuses.get(status) ?? 0).toBeGreaterThan(0)
    }
  },
  300_000,
)

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

/** Stored entities that the schemas would not let in, or that refer to nothing. */
async function faultyEntities(admin: AdminFixture): Promise<unknown[]> {
  return admin.store.read(async (view) => {
    const found: unknown[] = []
    for (const { schema, collection: own } of storedKinds(testPlugins)) {
      for (const entity of await view.list(own)) {
        if (validate(schema, { ...entity }) !== undefined) found.push(entity)
        for (const { field, collection: other } of own.references) {
          const id = valueAt(entity, `${field}.id`)
          const owner = kinds.find(({ schema: { name } }) => name === other)
          if (typeof id !== 'string' || owner === undefined) continue
          if ((await view.get(owner.collection, id)) === undefined) found.push(entity)
        }
      }
    }
    return found
  })
}

/** Bodies of about a megabyte that are as much work as possible. */
const mebibyte = 2 ** 20
const hostile: readonly (readonly [what: string, path: string, type: string, text: string])[] = [
  ...(
    [
      ['nested lists', '/services', `{"host":${'['.repeat(5e5)}${']'.repeat(5e5)}}`],
      ['nested objects', '/services', `{"host":${'{"a":'.repeat(900)}1${'}'.repeat(900)}}`],
      ['many tags', '/services', listOf('tags', 1e5)],
      ['many fields', '/services', fieldsOf(8e4)],
      ['many hosts', '/routes', listOf('hosts', 1e5)],
      ['many names', '/certificates', listOf('snis', 1e5)],
      ['a long host', '/services', textOf('host', 'a-')],
      ['a host of dots', '/services', textOf('host', 'a.')],
      ['a host of stars', '/routes', textOf('hosts', '*')],
      ['a name of colons', '/upstreams', textOf('name', ':')],
      ['a target of digits', '/upstreams/u/targets', textOf('target', '1')],
      ['a target of brackets', '/upstreams/u/targets', textOf('target', '[')],
      ['a target of ports', '/upstreams/u/targets', textOf('target', 'a:1')],
      ['a url of colons', '/services', textOf('url', ':')],
      ['a url of slashes', '/services', textOf('url', '//')],
      ['a path of percents', '/services', textOf('path', '%')],
      ['a regular expression of groups', '/routes', textOf('paths', '(a+)+$')],
      ['a regular expression of brackets', '/routes', textOf('paths', '(')],
      ['a certificate', '/certificates', textOf('cert', '-----BEGIN CERTIFICATE-----')],
      ['a tag', '/services', textOf('tags', 'a b')],
    ] as const
  ).map(([what, where, text]) => [what, where, 'application/json', text] as const),
  ...(
    [
      ['arguments', 'a=1&'.repeat(mebibyte / 4)],
      ['brackets', `a${'[]'.repeat(mebibyte / 2)}=1`],
      ['open brackets', `a${'['.repeat(mebibyte)}=1`],
      ['dots', `a${'.a'.repeat(mebibyte / 2)}=1`],
      ['broken escapes', `host=${'%ff'.repeat(mebibyte / 3)}`],
      ['a far index', 'tags[99999999999999999999]=1'],
    ] as const
  ).map(([what, text]) => [what, '/services', 'application/x-www-form-urlencoded', text] as const),
  ...(
    [
      ['delimiters', '--x\r\n'.repeat(mebibyte / 5)],
      ['spaces', `--x\r\ncontent-disposition: form-data${' '.repeat(mebibyte)}\r\n\r\n1\r\n--x--`],
      ['names', `--x\r\ncontent-disposition: form-data${';name="'.repeat(1e5)}\r\n\r\n1\r\n--x--`],
      [
        'backslashes',
        `--x\r\ncontent-disposition: form-data;name="${'\\'.repeat(mebibyte)}\r\n\r\n1\r\n--x--`,
      ],
    ] as const
  ).map(
    ([what, text]) =>
      [`parts of ${what}`, '/services', 'multipart/form-data; boundary=x', text] as const,
  ),
]

function listOf(field: string, length: number): string {
  return JSON.stringify({ [field]: Array.from({ length }, (_, index) => `a${index}`) })
}

function fieldsOf(count: number): string {
  return JSON.stringify(
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 1])),
  )
}

/** As a scalar, and as a list where the field is one. */
function textOf(field: string, part: string): string {
  const text = part.repeat(mebibyte / part.length)
  const isList = ['hosts', 'paths', 'tags'].includes(field)
  return JSON.stringify({ [field]: isList ? [text] : text })
}

/** Work of this process, in ms: time would depend on what else the machine does. */
async function workOf(task: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await task()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

it('the work that a request makes is noticed', async () => {
  const work = await workOf(async () => {
    const before = process.cpuUsage().user
    while (process.cpuUsage().user - before < 100_000);
  })
  expect(work).toBeGreaterThan(90)
})

it.each(hostile)('is not kept busy by %s', async (_what, where, type, text) => {
  await using admin = await openAdminFixture()
  await admin.send('PUT', '/upstreams/u', {})
  const work = await workOf(async () => {
    const headers = { 'content-type': type }
    const response = await fetch(`${admin.origin}${where}`, { method: 'POST', headers, body: text })
    await response.arrayBuffer()
    expect(response.status).toBe(400)
  })
  expect(admin.faults).toEqual([])
  // What grows with the square of a megabyte takes minutes.
  expect(work).toBeLessThan(5000)
})
