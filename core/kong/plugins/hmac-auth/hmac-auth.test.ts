import { createHash, createHmac } from 'node:crypto'
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
import { hmacAuth } from './hmac-auth.ts'
import type { HmacAuthCredential } from './hmac-auth-credentials.ts'

const credential: HmacAuthCredential = { ...ofBob, id: 'h1', username: 'bob', secret: 'shh' }

const unverifiable = '401 HMAC signature cannot be verified'
const mismatch = '401 HMAC signature does not match'
const untimely = `${unverifiable}, a valid date or x-date header is required for HMAC Authentication`

function ask(options: SampleOptions, config: Readonly<Record<string, unknown>> = {}) {
  const host = sampleHost({
    entities: { consumers: [anybody, bob], hmacauth_credentials: [credential] },
  })
  return request(hmacAuth.openHttp?.(sampleConfig(hmacAuth, config), host) ?? {}, options)
}

async function answerTo(
  options: SampleOptions,
  config: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return gist((await ask(options, config)).outcome)
}

function httpDate(offsetS = 0): string {
  return new Date(Date.now() + offsetS * 1000).toUTCString()
}

function signature(
  text: string,
  {
    names,
    hash = 'sha256',
    username = 'bob',
    secret = 'shh',
  }: {
    readonly names: string
    readonly hash?: string
    readonly username?: string
    readonly secret?: string
  },
): string {
  const signed = createHmac(hash, secret).update(text).digest('base64')
  return `hmac username="${username}", algorithm="hmac-${hash}", headers="${names}", signature="${signed}"`
}

/** Headers of a request whose date is signed. */
function dated(
  options: { readonly hash?: string; readonly username?: string; readonly secret?: string } = {},
) {
  const Date = httpDate()
  return { Date, Authorization: signature(`date: ${Date}`, { names: 'date', ...options }) }
}

describe('hmac-auth', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(hmacAuth)).toEqual({
      hide_credentials: false,
      clock_skew: 300,
      anonymous: null,
      validate_request_body: false,
      enforce_headers: [],
      algorithms: ['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'],
    })
    expect(hmacAuth.priority).toBe(1000)
    expect(
      pluginEntityFaults(hmacAuth, { config: { clock_skew: 0, algorithms: ['md5'] } }),
    ).toEqual({
      config: {
        clock_skew: 'value must be greater than 0',
        algorithms: ['expected one of: hmac-sha1, hmac-sha256, hmac-sha384, hmac-sha512'],
      },
    })
  })

  it.each(['sha1', 'sha256', 'sha384', 'sha512'])(
    'accepts a signature by hmac-%s',
    async (hash) => {
      expect(await answerTo({ headers: dated({ hash }) })).toBe('200')
      expect(await answerTo({ headers: dated({ hash, secret: 'guess' }) })).toBe(mismatch)
    },
  )

  it('accepts one over the request line and headers in the order they are named', async () => {
    const date = httpDate()
    const text = `GET /a%20b?c=d HTTP/1.1\nhost: example.test\nx-none:\nx-date: ${date}`
    const names = 'request-line host x-none x-date'
    const headers = { 'X-Date': date, 'Proxy-Authorization': signature(text, { names }) }
    expect(await answerTo({ target: '/a%20b?c=d', headers })).toBe('200')
    expect(await answerTo({ target: '/a%20b?c=e', headers })).toBe(mismatch)
    expect(await answerTo({ method: 'PUT', target: '/a%20b?c=d', headers })).toBe(mismatch)
  })

  it('accepts one over the request line without query, as old clients sign', async () => {
    const date = httpDate()
    const text = `date: ${date}\nGET /a HTTP/1.1`
    const headers = { Date: date, Authorization: signature(text, { names: 'date request-line' }) }
    expect(await answerTo({ target: '/a?b', headers })).toBe('200')
  })

  it('accepts one over headers that are not ASCII', async () => {
    const date = httpDate()
    const text = `date: ${date}\nx-name: Zoë`
    const headers = {
      Date: date,
      'X-Name': Buffer.from('Zoë').toString('latin1'),
      Authorization: signature(text, { names: 'date x-name' }),
    }
    expect(await answerTo({ headers })).toBe('200')
  })

  it('knows the consumer by the user name', async () => {
    const { exchange } = await ask({ headers: dated() })
    expect(exchange.principal).toEqual({ id: bob.id, credentialId: 'h1' })
    expect(exchange.request.headers.get('X-Credential-Username')).toBe('bob')
  })

  it('refuses a request without credentials', async () => {
    expect(await answerTo({ headers: { Date: httpDate() } })).toBe('401 Unauthorized')
  })

  it.each([
    ['nothing of the kind', 'Basic Ym9iOng='],
    ['no signature', 'hmac username="bob", algorithm="hmac-sha256", headers="date"'],
    ['an unknown user', signature('', { names: 'date', username: 'eve' })],
    ['an algorithm of its own', signature('', { names: 'date' }).replace('sha256', 'md5')],
  ])('refuses %s', async (_, header) => {
    const headers = { Date: httpDate(), Authorization: header }
    expect(await answerTo({ headers })).toBe(unverifiable)
  })

  it('refuses what was not signed lately', async () => {
    const at = async (offsetS: number, config = {}): Promise<string> => {
      const Date = httpDate(offsetS)
      const headers = { Date, Authorization: signature(`date: ${Date}`, { names: 'date' }) }
      return answerTo({ headers }, config)
    }
    expect(await at(-290)).toBe('200')
    expect(await at(290)).toBe('200')
    expect(await at(-310)).toBe(untimely)
    expect(await at(310)).toBe(untimely)
    expect(await at(-310, { clock_skew: 600 })).toBe('200')
    const undated = { Date: 'yesterday', Authorization: signature('', { names: 'date' }) }
    expect(await answerTo({ headers: undated })).toBe(untimely)
  })

  it('wants the headers signed that it is told to want', async () => {
    const config = { enforce_headers: ['date', 'host'] }
    expect(await answerTo({ headers: dated() }, config)).toBe(unverifiable)
    const date = httpDate()
    const text = `host: example.test\ndate: ${date}`
    const headers = { Date: date, Authorization: signature(text, { names: 'host date' }) }
    expect(await answerTo({ headers }, config)).toBe('200')
  })

  it('refuses algorithms that are not allowed', async () => {
    const config = { algorithms: ['hmac-sha512'] }
    expect(await answerTo({ headers: dated() }, config)).toBe(unverifiable)
    expect(await answerTo({ headers: dated({ hash: 'sha512' }) }, config)).toBe('200')
  })

  it('compares the body with its digest when told to', async () => {
    const config = { validate_request_body: true }
    const digest = `SHA-256=${createHash('sha256').update('hello').digest('base64')}`
    const options = { method: 'POST', body: 'hello', headers: { ...dated(), Digest: digest } }
    expect(await answerTo(options, config)).toBe('200')
    expect(await answerTo({ ...options, body: 'hullo' }, config)).toBe(mismatch)
    expect(await answerTo({ ...options, headers: dated() }, config)).toBe(mismatch)
    expect(await answerTo({ headers: dated() }, config)).toBe('200')
    expect(await answerTo({ ...options, body: 'hullo' })).toBe('200')
  })

  it('hides the credentials from the upstream when told to', async () => {
    const shown = await ask({ headers: dated() })
    expect(shown.exchange.request.headers.has('Authorization')).toBe(true)
    const hidden = await ask({ headers: dated() }, { hide_credentials: true })
    expect(hidden.outcome.status).toBe(200)
    expect(hidden.exchange.request.headers.has('Authorization')).toBe(false)
  })
})
