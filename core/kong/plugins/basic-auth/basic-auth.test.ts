import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  anybody,
  bob,
  gist,
  ofBob,
  request,
} from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import { basicAuth } from './basic-auth.ts'
import { basicAuthCredentials } from './basic-auth-credentials.ts'

const given = { ...ofBob, id: 'c1', username: 'bob', password: 'pass:wörd' }
const stored = basicAuthCredentials.prepare?.(given) ?? given

function filterOf(config: Readonly<Record<string, unknown>> = {}): HttpFilter {
  const host = sampleHost({
    entities: { consumers: [anybody, bob], basicauth_credentials: [stored] },
  })
  return basicAuth.openHttp?.(sampleConfig(basicAuth, config), host) ?? {}
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

describe('basic-auth', () => {
  it('stores SHA-1 of password and consumer in place of the password', () => {
    const hash = createHash('sha1').update(`pass:wörd${bob.id}`).digest('hex')
    expect(stored).toEqual({ ...given, password: hash })
  })

  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(basicAuth)).toEqual({ anonymous: null, hide_credentials: false })
    expect(basicAuth.priority).toBe(1001)
    const bound = { consumer: { id: bob.id }, run_on: 'all' }
    expect(pluginEntityFaults(basicAuth, bound)).toEqual({
      consumer: 'value must be null',
      run_on: 'expected one of: first',
    })
  })

  it('refuses a request without credentials and says what it wants', async () => {
    const { outcome } = await request(filterOf())
    expect(gist(outcome)).toBe('401 Unauthorized')
    expect(outcome.headers.get('WWW-Authenticate')).toBe('Basic realm="kong"')
  })

  it.each(['Authorization', 'Proxy-Authorization'])('knows the consumer by %s', async (place) => {
    const { exchange } = await request(filterOf(), {
      headers: { [place]: basic('bob:pass:wörd') },
    })
    expect(exchange.principal).toEqual({ id: bob.id, credentialId: 'c1' })
    expect(exchange.request.headers.get('X-Credential-Username')).toBe('bob')
  })

  it.each([
    basic('bob:wrong'),
    basic('bob:'),
    basic('bob'),
    basic(':pass:wörd'),
    basic('eve:pass:wörd'),
    basic(`bob:${stored.password}`),
    'Basic',
    'Basic ===',
    'Basic Ym9iOnBhc3M6d8O2cmQ=!',
    'Bearer x',
  ])('refuses %j', async (header) => {
    const { outcome } = await request(filterOf(), { headers: { Authorization: header } })
    expect(gist(outcome)).toBe('401 Invalid authentication credentials')
    expect(outcome.headers.has('WWW-Authenticate')).toBe(false)
  })

  it('looks at Authorization when Proxy-Authorization names nobody', async () => {
    const headers = { 'Proxy-Authorization': basic('eve:x'), Authorization: basic('bob:pass:wörd') }
    expect(gist((await request(filterOf(), { headers })).outcome)).toBe('200')
    const wrong = { ...headers, 'Proxy-Authorization': basic('bob:x') }
    expect(gist((await request(filterOf(), { headers: wrong })).outcome)).toBe(
      '401 Invalid authentication credentials',
    )
  })

  it('hides the credentials from the upstream when told to', async () => {
    const headers = { Authorization: basic('bob:pass:wörd') }
    const shown = await request(filterOf(), { headers })
    expect(shown.exchange.request.headers.has('Authorization')).toBe(true)
    const hidden = await request(filterOf({ hide_credentials: true }), { headers })
    expect(hidden.outcome.status).toBe(200)
    expect(hidden.exchange.request.headers.has('Authorization')).toBe(false)
  })

  it('lets anybody pass as the anonymous consumer', async () => {
    const { exchange } = await request(filterOf({ anonymous: anybody.id }))
    expect(exchange.principal?.id).toBe(anybody.id)
  })
})
