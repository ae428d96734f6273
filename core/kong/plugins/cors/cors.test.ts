import { describe, expect, it } from 'vitest'
import { bob, request } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import type { SampleFields, SampleUpstream } from '#core/kong/plugins/exchange-sample.ts'
import { sampleExchange } from '#core/kong/plugins/exchange-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { cors } from './cors.ts'

type Config = Readonly<Record<string, unknown>>

const preflightHeaders = { Origin: 'https://a.test', 'Access-Control-Request-Method': 'POST' }

/** Status and headers, by lower-case name. */
async function preflight(
  config: Config = {},
  headers: SampleFields = preflightHeaders,
): Promise<Readonly<Record<string, unknown>>> {
  const { outcome } = await request(sampleFilter(cors, config), { method: 'OPTIONS', headers })
  return { status: outcome.status, ...fields(outcome.headers) }
}

async function get(
  config: Config = {},
  { origin, upstream = {} }: { origin?: string; upstream?: SampleUpstream } = {},
): Promise<Readonly<Record<string, unknown>>> {
  const headers = origin === undefined ? {} : { Origin: origin }
  const outcome = await sampleExchange({ headers }).pass([sampleFilter(cors, config)], upstream)
  return fields(outcome.headers)
}

function fields(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...headers].map(([name, value]) => [name.toLowerCase(), value]))
}

describe('cors', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(cors)).toEqual({
      origins: null,
      headers: null,
      exposed_headers: null,
      methods: null,
      max_age: null,
      credentials: false,
      preflight_continue: false,
    })
    expect(cors.priority).toBe(2000)
    expect(pluginEntityFaults(cors, { consumer: { id: bob.id }, run_on: 'second' })).toEqual({
      consumer: 'value must be null',
      run_on: 'expected one of: first',
    })
  })

  it('refuses origins and methods that cannot be', () => {
    const config = { origins: ['*', '(a'], methods: ['GET', 'FETCH'] }
    expect(pluginEntityFaults(cors, { config })).toEqual({
      config: {
        origins: [null, "'(a' is not a valid regex"],
        methods: [null, 'expected one of: HEAD, GET, POST, PUT, PATCH, DELETE'],
      },
    })
  })

  it('answers a preflight request itself, with what the browser asked for', async () => {
    const asked = { ...preflightHeaders, 'Access-Control-Request-Headers': 'x-one,x-two' }
    expect(await preflight({}, asked)).toEqual({
      status: 200,
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'x-one,x-two',
      'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE',
    })
  })

  it('answers a preflight request with what is configured', async () => {
    const config = {
      origins: ['https://a.test'],
      methods: ['GET', 'POST'],
      headers: ['x-one', 'x-two'],
      max_age: 23,
      credentials: true,
    }
    expect(await preflight(config)).toEqual({
      status: 200,
      vary: 'Origin',
      'access-control-allow-origin': 'https://a.test',
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'x-one,x-two',
      'access-control-allow-methods': 'GET,POST',
      'access-control-max-age': '23',
    })
  })

  it.for([
    ['no method that is asked for', { Origin: 'https://a.test' }],
    ['no origin', { 'Access-Control-Request-Method': 'POST' }],
  ] as const)('takes an OPTIONS request with %s for any other', async ([, headers]) => {
    const { exchange } = await request(sampleFilter(cors), { method: 'OPTIONS', headers })
    expect(exchange.answered).toBe(false)
    expect(exchange.response?.headers.get('Access-Control-Allow-Origin')).toBe('*')
  })

  it('leaves preflight requests entirely to the upstream if told so', async () => {
    const config = { preflight_continue: true, exposed_headers: ['x-one'] }
    expect(await preflight(config)).toEqual({ status: 200 })
  })

  it('allows every origin by default, and none credentials', async () => {
    expect(await get({}, { origin: 'https://a.test' })).toEqual({
      'access-control-allow-origin': '*',
    })
    expect(await get()).toEqual({ 'access-control-allow-origin': '*' })
  })

  it('names the origin when it allows all with credentials', async () => {
    expect(await get({ credentials: true }, { origin: 'https://a.test' })).toEqual({
      'access-control-allow-origin': 'https://a.test',
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
  })

  it('announces a single origin to everybody', async () => {
    expect(await get({ origins: ['https://a.test'] }, { origin: 'https://b.test' })).toEqual({
      'access-control-allow-origin': 'https://a.test',
      vary: 'Origin',
    })
  })

  it.for([
    ['https://a.test', true],
    ['https://a.test:443', true],
    ['http://a.test', false],
    ['https://sub.b.test', true],
    ['http://sub.b.test:8080', true],
    ['https://b.test.evil.test', false],
    ['https://c.test:8443', true],
    ['https://c.test:84430', false],
    [undefined, false],
  ] as const)('of several origins and expressions, allows %s: %s', async ([origin, allowed]) => {
    const config = {
      origins: ['https://a.test', String.raw`.*\.b\.test`, String.raw`^https?://c\.test:\d{4}$`],
    }
    const shown = await get(config, origin === undefined ? {} : { origin })
    expect('access-control-allow-origin' in shown).toBe(allowed)
    expect(shown).toMatchObject({ vary: 'Origin' })
  })

  it('overrules what the upstream says of origins, and keeps what it says of caches', async () => {
    const upstream = {
      headers: { 'Access-Control-Allow-Origin': '*', Vary: 'Accept-Encoding, origin' },
    }
    const config = {
      origins: ['https://a.test', 'https://b.test'],
      exposed_headers: ['x-1', 'x-2'],
    }
    expect(await get(config, { origin: 'https://evil.test', upstream })).toEqual({
      vary: 'Accept-Encoding, origin',
      'access-control-expose-headers': 'x-1,x-2',
    })
  })

  it('takes no time for an expression that is slow by nature', async () => {
    const origin = `https://${'a'.repeat(400)}!`
    const started = performance.now()
    await get({ origins: ['(a+)+b', '(a|a)*b'] }, { origin })
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
