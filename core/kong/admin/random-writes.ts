import * as fc from 'fast-check'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'

/** One request to change entities, as it goes past the HTTP part of the Admin API. */
export interface RandomWrite {
  readonly collection: string
  readonly verb: 'insert' | 'upsert' | 'update' | 'remove'
  /** What the path names. */
  readonly key: string
  readonly input: Readonly<Record<string, unknown>>
}

const names = ['a', 'b', 'c']
const name = fc.constantFrom(...names)
const tags = fc.subarray(['x', 'y'])
/** Few enough to be taken, and to be referred to, now and then. */
const ids = ['1', '2', '3'].map((n) => `0190c0de-0000-4000-8000-00000000000${n}`)
const id = fc.constantFrom(...ids)

/** To something that may be there, by what it can be named by. */
function reference(field: string): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(null) },
    { weight: 2, arbitrary: fc.record({ [field]: name }) },
    { weight: 1, arbitrary: fc.record({ id }) },
  )
}

/** Some of the fields, in many combinations. */
function some(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): Fields {
  return fc.record(fields, { requiredKeys: [] })
}

type Fields = fc.Arbitrary<Readonly<Record<string, unknown>>>

/** Random changes to entities of all kinds, many of them refused. */
export async function randomWrites(): Promise<fc.Arbitrary<readonly RandomWrite[]>> {
  const { certificate: cert, privateKey: key } = await selfSigned(kongSubject)
  const bindings = {
    service: reference('name'),
    route: reference('name'),
    consumer: reference('username'),
    protocols: fc.subarray(['http', 'tcp']),
    id,
  }
  const inputs: Readonly<Record<string, Fields>> = {
    services: some({ name, host: fc.constantFrom('h', 'h', 'i', ''), tags, id }),
    routes: some({
      name,
      hosts: fc.subarray(['h', '*.i']),
      protocols: fc.subarray(['http', 'tcp']),
      service: reference('name'),
      id,
    }),
    consumers: some({ username: name, custom_id: name, tags, id }),
    plugins: fc
      .tuple(
        fc.constantFrom(
          { name: 'marker', config: { mark: 'm' } },
          { name: 'key-auth' },
          { name: 'unknown' },
          {},
        ),
        some(bindings),
      )
      .map(([own, bound]) => ({ ...own, ...bound })),
    certificates: some({
      cert: fc.constant(cert),
      key: fc.constantFrom(key, key, 'wrong'),
      snis: fc.subarray(names),
      id,
    }),
    snis: some({ name, certificate: reference('name'), id }),
    upstreams: some({ name, slots: fc.constantFrom(10, 20, 30, 1), tags, id }),
    targets: fc.record({ target: name, weight: fc.constantFrom(0, 10, 20) }),
    keyauth_credentials: some({ key: name, consumer: reference('username'), id }),
    acls: some({ group: name, consumer: reference('username'), id }),
  }
  const write = fc.oneof(
    ...Object.entries(inputs).map(([collection, input]) => ({
      // Several of these have to be there for one of them to say much.
      weight: collection === 'targets' ? 4 : 1,
      arbitrary: fc.record<RandomWrite>({
        collection: fc.constant(collection),
        verb: fc.constantFrom('insert', 'insert', 'upsert', 'update', 'remove'),
        key: fc.oneof({ weight: 3, arbitrary: name }, { weight: 1, arbitrary: id }),
        input,
      }),
    })),
  )
  return fc.array(write, { minLength: 10, maxLength: 40 })
}
