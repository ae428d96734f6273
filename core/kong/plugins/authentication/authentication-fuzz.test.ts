import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { basicAuth } from '#core/kong/plugins/basic-auth/basic-auth.ts'
import type { BasicAuthCredential } from '#core/kong/plugins/basic-auth/basic-auth-credentials.ts'
import { hashPassword } from '#core/kong/plugins/basic-auth/hash-password.ts'
import { sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { hmacAuth } from '#core/kong/plugins/hmac-auth/hmac-auth.ts'
import type { HmacAuthCredential } from '#core/kong/plugins/hmac-auth/hmac-auth-credentials.ts'
import { jwt } from '#core/kong/plugins/jwt/jwt.ts'
import type { JwtSecret } from '#core/kong/plugins/jwt/jwt-secrets.ts'
import { keyAuth } from '#core/kong/plugins/key-auth/key-auth.ts'
import type { KeyAuthCredential } from '#core/kong/plugins/key-auth/key-auth-credentials.ts'
import { sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import { bob, ofBob, request } from './consumer-samples.ts'

// Nobody can guess these, so that whoever passes has found a hole.
const secret = 'f9vPzq2yXbD7mLk4'
const key: KeyAuthCredential = { ...ofBob, id: 'k', key: secret }
const password: BasicAuthCredential = {
  ...ofBob,
  id: 'b',
  username: 'bob',
  password: hashPassword(secret, bob.id),
}
const hmac: HmacAuthCredential = { ...ofBob, id: 'h', username: 'bob', secret }
const signer: JwtSecret = {
  ...ofBob,
  id: 'j',
  key: 'bob',
  secret,
  rsa_public_key: null,
  algorithm: 'HS256',
}

const host = sampleHost({
  entities: {
    consumers: [bob],
    keyauth_credentials: [key],
    basicauth_credentials: [password],
    hmacauth_credentials: [hmac],
    jwt_secrets: [signer],
  },
})

const signed = `${base64('{"alg":"HS256"}')}.${base64('{"iss":"bob","exp":9999999999,"nbf":0}')}`
const now = new Date().toUTCString()

/** What passes: without it the refusals below would say nothing. */
const proofs: Readonly<Record<string, string>> = {
  'key-auth': '',
  'basic-auth': `Basic ${Buffer.from(`bob:${secret}`).toString('base64')}`,
  'hmac-auth': `hmac username="bob", algorithm="hmac-sha256", headers="date", signature="${sign(`date: ${now}`, 'base64')}"`,
  jwt: `Bearer ${signed}.${sign(signed, 'base64url')}`,
}

function sign(text: string, encoding: 'base64' | 'base64url'): string {
  return createHmac('sha256', secret).update(text).digest(encoding)
}

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64url')
}

const filters = {
  'key-auth': keyAuth.openHttp?.(
    sampleConfig(keyAuth, { key_in_body: true, hide_credentials: true }),
    host,
  ),
  'basic-auth': basicAuth.openHttp?.(sampleConfig(basicAuth), host),
  'hmac-auth': hmacAuth.openHttp?.(sampleConfig(hmacAuth, { validate_request_body: true }), host),
  jwt: jwt.openHttp?.(
    sampleConfig(jwt, { cookie_names: ['c'], claims_to_verify: ['exp', 'nbf'] }),
    host,
  ),
}

const bytes = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
})
const token = fc
  .tuple(
    fc.oneof(bytes, fc.json(), fc.constant('{"alg":"HS256"}')),
    fc.oneof(bytes, fc.json(), fc.constant('{"iss":"bob"}')),
    bytes,
  )
  .map((parts) => parts.map(base64).join('.'))
const authorization = fc.oneof(
  bytes,
  bytes.map((text) => `Basic ${Buffer.from(`bob:${text}`, 'latin1').toString('base64')}`),
  token.map((text) => `Bearer ${text}`),
  fc
    .tuple(fc.constantFrom('bob', 'eve'), bytes, bytes)
    .map(
      ([user, names, signature]) =>
        `hmac username="${user}", algorithm="hmac-sha256", headers="${names}", signature="${signature}"`,
    ),
)
const contentType = fc.constantFrom(
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
)
const body = fc.oneof(
  bytes,
  fc.json(),
  bytes.map((text) => `apikey=${text}`),
  bytes.map((text) => `--x\r\nContent-Disposition: form-data; name=apikey\r\n\r\n${text}\r\n--x--`),
)

describe.each(Object.entries(filters))('%s', (name, filter) => {
  it('lets a proof pass', async () => {
    const { exchange, outcome } = await request(filter ?? {}, {
      headers: {
        Date: now,
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization: proofs[name] ?? '',
        ...(name === 'key-auth' && { apikey: secret }),
      },
    })
    expect(outcome.status).toBe(200)
    expect(exchange.principal?.id).toBe(bob.id)
  })

  it('refuses whatever is no proof, and never fails', async () => {
    const sample = fc.record({
      place: fc.constantFrom('jwt', 'x'),
      authorization,
      query: bytes,
      token,
      cookie: bytes,
      contentType,
      body,
    })
    await fc.assert(
      fc.asyncProperty(sample, async (given) => {
        const { outcome } = await request(filter ?? {}, {
          method: 'POST',
          target: `/?${given.place}=${given.token}&${given.query}&apikey=${given.query}`,
          headers: {
            Authorization: given.authorization,
            Cookie: `c=${given.cookie}`,
            Date: new Date().toUTCString(),
            'Content-Type': given.contentType,
          },
          body: Buffer.from(given.body, 'latin1'),
        })
        expect([400, 401]).toContain(outcome.status)
      }),
      { numRuns: 300 },
    )
  })
})
