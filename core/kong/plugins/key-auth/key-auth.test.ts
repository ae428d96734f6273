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
import type { HttpFilter } from '#core/model/http-filter.ts'
import { keyAuth } from './key-auth.ts'
import type { KeyAuthCredential } from './key-auth-credentials.ts'

const credential: KeyAuthCredential = { ...ofBob, id: 'k1', key: 'kong' }

function filterOf(config: Readonly<Record<string, unknown>> = {}): HttpFilter {
  const host = sampleHost({
    entities: { consumers: [anybody, bob], keyauth_credentials: [credential] },
  })
  return keyAuth.openHttp?.(sampleConfig(keyAuth, config), host) ?? {}
}

async function ask(options: SampleOptions, config = {}): Promise<string> {
  return gist((await request(filterOf(config), options)).outcome)
}

/** One part of a multipart body. */
function part(name: string, value: string): string {
  return `--xx\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}

describe('key-auth', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(keyAuth)).toEqual({
      key_names: ['apikey'],
      hide_credentials: false,
      anonymous: null,
      key_in_body: false,
      run_on_preflight: true,
    })
    expect(keyAuth.priority).toBe(1003)
  })

  it('cannot be bound to a consumer or run on the second node', () => {
    expect(pluginEntityFaults(keyAuth, { consumer: { id: bob.id }, run_on: 'second' })).toEqual({
      consumer: 'value must be null',
      run_on: 'expected one of: first',
    })
  })

  it('refuses settings that cannot work', () => {
    const config = { key_names: ['api key'], anonymous: 'nobody' }
    expect(pluginEntityFaults(keyAuth, { config })).toEqual({
      config: {
        key_names: [
          "bad header name 'api key', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
        ],
        anonymous: 'expected a valid UUID',
      },
    })
  })

  it('case 208: refuses a request without key and says what it wants', async () => {
    const { outcome } = await request(filterOf())
    expect(gist(outcome)).toBe('401 No API key found in request')
    expect(outcome.headers.get('WWW-Authenticate')).toBe('Key realm="kong"')
    expect(outcome.headers.get('Content-Type')).toBe('application/json; charset=utf-8')
    expect(outcome.body.toString()).toBe('{"message":"No API key found in request"}')
  })

  it('takes the key from a header or the query string, under any of its names', async () => {
    const names = { key_names: ['apikey', 'x_api_key'] }
    expect(await ask({ headers: { ApiKey: 'kong' } }, names)).toBe('200')
    expect(await ask({ target: '/?a=1&apikey=kong' }, names)).toBe('200')
    expect(await ask({ headers: { 'X-Api-Key': 'kong' } }, names)).toBe('200')
    expect(await ask({ headers: { 'X-Api-Key': 'kong' } })).toBe('401 No API key found in request')
  })

  it('refuses a key that nobody has, and says no more', async () => {
    const { outcome } = await request(filterOf(), { headers: { apikey: 'king' } })
    expect(gist(outcome)).toBe('401 Invalid authentication credentials')
    expect(outcome.headers.has('WWW-Authenticate')).toBe(false)
  })

  it('takes a key that is not ASCII', async () => {
    const foreign: KeyAuthCredential = { ...credential, key: 'Zoë' }
    const host = sampleHost({ entities: { consumers: [bob], keyauth_credentials: [foreign] } })
    const filter = keyAuth.openHttp?.(sampleConfig(keyAuth), host) ?? {}
    const bytes = Buffer.from('Zoë').toString('latin1')
    const answers = [{ headers: { apikey: bytes } }, { target: '/?apikey=Zo%C3%AB' }].map(
      async (options) => gist((await request(filter, options)).outcome),
    )
    expect(await Promise.all(answers)).toEqual(['200', '200'])
  })

  it('refuses two keys', async () => {
    const refusal = '401 Duplicate API key found'
    expect(await ask({ headers: { apikey: ['kong', 'kong'] } })).toBe(refusal)
    expect(await ask({ target: '/?apikey=kong&apikey=kong' })).toBe(refusal)
  })

  it('looks at headers first, and takes a name without value for no key', async () => {
    expect(await ask({ target: '/?apikey=king', headers: { apikey: 'kong' } })).toBe('200')
    expect(await ask({ target: '/?apikey' })).toBe('401 No API key found in request')
  })

  it.each([{ headers: { apikey: '' } }, { target: '/?apikey=' }])(
    'takes an empty key for none: %o',
    async (options) => {
      const { outcome } = await request(filterOf(), options)
      expect(gist(outcome)).toBe('401 No API key found in request')
    },
  )

  it('knows the consumer by the key', async () => {
    const { exchange } = await request(filterOf(), { headers: { apikey: 'kong' } })
    expect(exchange.principal).toEqual({ id: bob.id, credentialId: 'k1' })
    expect(exchange.request.headers.get('X-Consumer-Username')).toBe('bob')
    expect(exchange.request.headers.has('X-Credential-Username')).toBe(false)
  })

  it('case 224: hides the key from the upstream when told to, wherever it stood', async () => {
    const target = '/a?apikey=kong&b=%20'
    const shown = await request(filterOf(), { target })
    expect(shown.exchange.request.query).toBe('?apikey=kong&b=%20')
    const hidden = await request(filterOf({ hide_credentials: true }), { target })
    expect(hidden.exchange.request.query).toBe('?b=%20')
    const { exchange } = await request(filterOf({ hide_credentials: true }), {
      headers: { apikey: 'kong', other: 'kong' },
    })
    expect(exchange.request.headers.has('apikey')).toBe(false)
    expect(exchange.request.headers.get('other')).toBe('kong')
  })

  describe('in the body', () => {
    const form = 'application/x-www-form-urlencoded'
    const multipart = 'multipart/form-data; boundary=xx'
    const bodies = [
      { type: form, body: 'a=1&apikey=kong', without: 'a=1' },
      { type: 'application/json', body: '{"apikey":"kong","a":[1]}', without: '{"a":[1]}' },
      {
        type: multipart,
        body: `${part('a', '1')}${part('apikey', 'kong')}${part('b', '--2\r\n')}--xx--\r\n`,
        without: `${part('a', '1')}${part('b', '--2\r\n')}--xx--\r\n`,
      },
    ]

    it.each(bodies)('is found in $type and cut out of it', async ({ type, body, without }) => {
      const options = { method: 'POST', headers: { 'Content-Type': type }, body }
      expect(await ask(options)).toBe('401 No API key found in request')
      const config = { key_in_body: true, hide_credentials: true }
      const { exchange, outcome } = await request(filterOf(config), options)
      expect(gist(outcome)).toBe('200')
      expect(exchange.upstreamBody.toString()).toBe(without)
    })

    it.each([
      ['application/json', '{"apikey":["kong","kong"]}', 'Duplicate API key found'],
      [form, 'apikey=kong&apikey=kong', 'Duplicate API key found'],
      [form, 'apikey[]=kong', 'No API key found in request'],
      [form, 'apikey[1]=kong', 'No API key found in request'],
      ['application/json', '{"apikey":7}', 'No API key found in request'],
    ])('%s with %s is refused: %s', async (type, body, message) => {
      const options = { method: 'POST', headers: { 'Content-Type': type }, body }
      expect(await ask(options, { key_in_body: true })).toBe(`401 ${message}`)
    })

    it.each([
      ['text/plain', 'apikey=kong'],
      ['application/json', '[1'],
      ['multipart/form-data', 'apikey=kong'],
    ])('%s with %j cannot be processed', async (type, body) => {
      const options = { method: 'POST', headers: { 'Content-Type': type }, body }
      expect(await ask(options, { key_in_body: true })).toBe('400 Cannot process request body')
    })

    it('cannot be processed when it is too long to be held', async () => {
      const body = `apikey=kong&x=${'x'.repeat(8 * 1024 * 1024)}`
      const options = { method: 'POST', headers: { 'Content-Type': form }, body }
      expect(await ask(options, { key_in_body: true })).toBe('400 Cannot process request body')
    })
  })
})
