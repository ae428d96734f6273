import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  anybody,
  bob,
  gist,
  ofBob,
  request,
} from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import type { SampleOptions } from '#core/kong/plugins/exchange-sample.ts'
import { sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import { validate } from '#core/kong/schema/validate.ts'
import { jwt } from './jwt.ts'
import { jwtSecrets, type JwtSecret } from './jwt-secrets.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })

function secretOf(fields: Pick<JwtSecret, 'key' | 'algorithm'> & Partial<JwtSecret>): JwtSecret {
  return { ...ofBob, id: fields.key, secret: 'shh', rsa_public_key: null, ...fields }
}

const secrets = [
  secretOf({ key: 'HS256', algorithm: 'HS256' }),
  secretOf({ key: 'HS384', algorithm: 'HS384' }),
  secretOf({ key: 'HS512', algorithm: 'HS512' }),
  secretOf({ key: 'RS256', algorithm: 'RS256', rsa_public_key: pem(rsa.publicKey) }),
  secretOf({ key: 'RS512', algorithm: 'RS512', rsa_public_key: pem(rsa.publicKey) }),
  secretOf({ key: 'ES256', algorithm: 'ES256', rsa_public_key: pem(ec.publicKey) }),
  secretOf({ key: 'no-key', algorithm: 'RS256' }),
  secretOf({ key: 'wrong-key', algorithm: 'RS256', rsa_public_key: pem(ec.publicKey) }),
]

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' })
}

function base64(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(
    'base64url',
  )
}

interface TokenOptions {
  readonly alg?: string
  readonly claims?: unknown
  readonly header?: Readonly<Record<string, unknown>>
  readonly secret?: string | Buffer
}

function token({
  alg = 'HS256',
  claims = { iss: alg },
  header = {},
  secret,
}: TokenOptions = {}): string {
  const signed = `${base64({ alg, typ: 'JWT', ...header })}.${base64(claims)}`
  const hash = `sha${alg.slice(2)}`
  const signatures: Readonly<Record<string, () => Buffer>> = {
    HS: () =>
      createHmac(hash, secret ?? 'shh')
        .update(signed)
        .digest(),
    RS: () => sign(hash, Buffer.from(signed), rsa.privateKey),
    ES: () => sign(hash, Buffer.from(signed), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
  }
  return `${signed}.${(signatures[alg.slice(0, 2)]?.() ?? Buffer.alloc(0)).toString('base64url')}`
}

function ask(options: SampleOptions, config: Readonly<Record<string, unknown>> = {}) {
  const host = sampleHost({ entities: { consumers: [anybody, bob], jwt_secrets: secrets } })
  return request(jwt.openHttp?.(sampleConfig(jwt, config), host) ?? {}, options)
}

async function answerTo(
  bearer: string,
  config: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return gist((await ask({ headers: { Authorization: `Bearer ${bearer}` } }, config)).outcome)
}

describe('jwt', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(jwt)).toEqual({
      uri_param_names: ['jwt'],
      cookie_names: [],
      key_claim_name: 'iss',
      secret_is_base64: false,
      claims_to_verify: null,
      anonymous: null,
      run_on_preflight: true,
      maximum_expiration: 0,
    })
    expect(jwt.priority).toBe(1005)
    expect(pluginEntityFaults(jwt, { consumer: { id: bob.id } })).toBeUndefined()
  })

  it('wants exp to be verified where its distance is limited', () => {
    const config = { maximum_expiration: 60, claims_to_verify: ['nbf'] }
    expect(pluginEntityFaults(jwt, { config })).toEqual({
      config: { claims_to_verify: 'expected to contain: exp' },
      '@entity': ["failed conditional validation given value of field 'config.maximum_expiration'"],
    })
    expect(
      pluginEntityFaults(jwt, { config: { ...config, claims_to_verify: ['exp'] } }),
    ).toBeUndefined()
    expect(pluginEntityFaults(jwt, { config: { maximum_expiration: 31_536_001 } })).toMatchObject({
      config: { maximum_expiration: 'value should be between 0 and 31536000' },
    })
  })

  it.each(['HS256', 'HS384', 'HS512', 'RS256', 'RS512', 'ES256'])(
    'accepts a token signed with %s, and none that was changed afterwards',
    async (alg) => {
      const good = token({ alg })
      expect(await answerTo(good)).toBe('200')
      const [head, , signature] = good.split('.')
      const changed = `${head}.${base64({ iss: alg, admin: true })}.${signature}`
      expect(await answerTo(changed)).toBe('401 Invalid signature')
    },
  )

  it('knows the consumer by the key in the claim', async () => {
    const { exchange } = await ask({ headers: { Authorization: `bearer ${token()}` } })
    expect(exchange.principal).toEqual({ id: bob.id, credentialId: 'HS256' })
    expect(exchange.request.headers.get('X-Consumer-ID')).toBe(bob.id)
  })

  it('finds the key in the header, and under the name of another claim', async () => {
    expect(await answerTo(token({ claims: {}, header: { iss: 'HS256' } }))).toBe('200')
    const config = { key_claim_name: 'kid' }
    expect(await answerTo(token({ claims: { kid: 'HS256' } }), config)).toBe('200')
    expect(await answerTo(token(), config)).toBe("401 No mandatory 'kid' in claims")
  })

  it('takes the token from query arguments, cookies, then Authorization', async () => {
    const target = `/?jwt=${token()}`
    expect(gist((await ask({ target })).outcome)).toBe('200')
    const other = { uri_param_names: ['t'], cookie_names: ['session'] }
    expect(gist((await ask({ target }, other)).outcome)).toBe('401 Unauthorized')
    const headers = { Cookie: `a=b; session=${token()}; c` }
    expect(gist((await ask({ headers }, other)).outcome)).toBe('200')
    expect(gist((await ask({ headers })).outcome)).toBe('401 Unauthorized')
    const both = { target: '/?jwt=x', headers: { Authorization: `Bearer ${token()}` } }
    expect(gist((await ask(both)).outcome)).toBe('401 Bad token; invalid JSON')
  })

  it.each([
    ['/?jwt=a&jwt=b', '401 Multiple tokens provided'],
    ['/?jwt', '401 Unrecognizable token'],
    ['/', '401 Unauthorized'],
  ])('answers %s with %s', async (target, answer) => {
    expect(gist((await ask({ target })).outcome)).toBe(answer)
  })

  it.each([
    ['x', 'Bad token; invalid JSON'],
    ['a.b', 'Bad token; invalid JSON'],
    [`${base64('[]')}.${base64({})}.`, 'Bad token; invalid JSON'],
    [`${base64({ alg: 'none' })}.${base64({ iss: 'HS256' })}.`, 'Bad token; invalid alg'],
    [`${base64({ alg: 'RS384' })}.${base64({ iss: 'RS256' })}.`, 'Bad token; invalid alg'],
    [`${base64({})}.${base64({ iss: 'HS256' })}.`, 'Bad token; invalid alg'],
    [`${base64({ alg: 'HS256' })}.${base64('7')}.`, 'Bad token; invalid claims'],
    [`${base64({ alg: 'HS256' })}.${base64({ iss: 'HS256' })}.!`, 'Bad token; invalid signature'],
    [token({ claims: {} }), "No mandatory 'iss' in claims"],
    [token({ claims: { iss: null } }), "No mandatory 'iss' in claims"],
    [token({ claims: { iss: 'nobody' } }), "No credentials found for given 'iss'"],
    [token({ claims: { iss: 7 } }), "No credentials found for given 'iss'"],
    [token({ claims: { iss: 'HS512' } }), 'Invalid algorithm'],
    [token({ secret: 'guess' }), 'Invalid signature'],
    [token({ alg: 'RS256', claims: { iss: 'no-key' } }), 'Invalid key/secret'],
    [token({ alg: 'RS256', claims: { iss: 'wrong-key' } }), 'Invalid signature'],
  ])('refuses %s: %s', async (bad, message) => {
    expect(await answerTo(bad)).toBe(`401 ${message}`)
  })

  it('does not take a public key for a secret', async () => {
    const forged = token({ claims: { iss: 'RS256' }, secret: pem(rsa.publicKey) })
    expect(await answerTo(forged)).toBe('401 Invalid algorithm')
  })

  it('reads secrets as base64 when told to', async () => {
    const config = { secret_is_base64: true }
    expect(await answerTo(token({ secret: Buffer.from('shh', 'base64') }), config)).toBe('200')
    expect(await answerTo(token(), config)).toBe('401 Invalid signature')
  })

  it('verifies the times it is told to verify', async () => {
    const now = Math.floor(Date.now() / 1000)
    const config = { claims_to_verify: ['exp', 'nbf'] }
    const judge = async (claims: object, settings: object = config): Promise<string> =>
      answerTo(token({ claims: { iss: 'HS256', ...claims } }), { ...settings })
    expect(await judge({ exp: now + 100, nbf: now - 100 })).toBe('200')
    expect(await judge({ exp: now - 100, nbf: now - 100 })).toBe('401 {"exp":"token expired"}')
    expect(await judge({ exp: now + 100, nbf: now + 100 })).toBe(
      '401 {"nbf":"token not valid yet"}',
    )
    expect(await judge({ exp: 'x' })).toBe(
      '401 {"exp":"must be a number","nbf":"must be a number"}',
    )
    expect(await judge({ exp: now - 100 }, {})).toBe('200')
    const limited = { claims_to_verify: ['exp'], maximum_expiration: 300 }
    expect(await judge({ exp: now + 200 }, limited)).toBe('200')
    expect(await judge({ exp: now + 400 }, limited)).toBe(
      '401 {"exp":"exceeds maximum allowed expiration"}',
    )
  })

  it('asks OPTIONS requests unless told otherwise', async () => {
    const options = { method: 'OPTIONS' }
    expect(gist((await ask(options)).outcome)).toBe('401 Unauthorized')
    expect(gist((await ask(options, { run_on_preflight: false })).outcome)).toBe('200')
  })

  it('lets anybody pass as the anonymous consumer', async () => {
    const { exchange } = await ask({}, { anonymous: anybody.id })
    expect(exchange.principal?.id).toBe(anybody.id)
  })
})

function credentialFaults(fields: object): unknown {
  const { id, consumer } = { ...ofBob, id: bob.id }
  const complete = { id, consumer, created_at: 1, key: 'k', secret: 's', rsa_public_key: null }
  return validate(jwtSecrets.schema, { ...complete, ...fields })
}

describe('a JWT credential', () => {
  it('needs a public key that is one for RS256 and RS512', () => {
    expect(
      credentialFaults({ algorithm: 'RS256', rsa_public_key: pem(rsa.publicKey) }),
    ).toBeUndefined()
    expect(credentialFaults({ algorithm: 'RS512', rsa_public_key: 'junk' })).toEqual({
      rsa_public_key: 'invalid key',
    })
    expect(credentialFaults({ algorithm: 'RS256' })).toEqual({
      rsa_public_key: 'required field missing',
      '@entity': ["failed conditional validation given value of field 'algorithm'"],
    })
    expect(credentialFaults({ algorithm: 'HS256' })).toBeUndefined()
    expect(credentialFaults({ algorithm: 'none' })).toEqual({
      algorithm: 'expected one of: HS256, HS384, HS512, RS256, RS512, ES256',
    })
  })
})
