import { describe, expect, it } from 'vitest'
import type { SampleOptions } from '#core/kong/plugins/exchange-sample.ts'
import { sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import { authenticationFilter, refused } from './authentication-filter.ts'
import { anybody, bob, gist, ofBob, request } from './consumer-samples.ts'

const host = sampleHost({ entities: { consumers: [anybody, bob] } })

/** Asks for `Pass: <word>`; its credential has that word as id and user name. */
function asksFor(
  word: string,
  { anonymous = null, onPreflight }: { anonymous?: string | null; onPreflight?: boolean } = {},
): HttpFilter {
  return authenticationFilter(host, {
    anonymous,
    ...(onPreflight !== undefined && { onPreflight }),
    verify: (exchange) =>
      exchange.request.headers.getAll('Pass').includes(word)
        ? { kind: 'proved', credential: { ...ofBob, id: word, username: word } }
        : refused(401, `no ${word}`),
  })
}

const spoofed = {
  'X-Consumer-ID': 'root',
  'X-Consumer-Username': 'root',
  'X-Consumer-Custom-ID': 'root',
  'X-Credential-Username': 'root',
  'X-Anonymous-Consumer': 'true',
}

async function consumerHeaders(filter: HttpFilter, options: SampleOptions): Promise<unknown> {
  const { exchange } = await request(filter, options)
  return Object.fromEntries(
    [...exchange.request.headers].filter(([name]) => Object.hasOwn(spoofed, name)),
  )
}

describe('authenticationFilter', () => {
  it('names the consumer and the credential to those who come after', async () => {
    const { exchange } = await request(asksFor('one'), { headers: { Pass: 'one' } })
    expect(exchange.principal).toEqual({ id: bob.id, credentialId: 'one' })
    expect(exchange.answered).toBe(false)
  })

  it('tells the upstream of the consumer in place of what the client says', async () => {
    const options = { headers: { Pass: 'one', ...spoofed } }
    expect(await consumerHeaders(asksFor('one'), options)).toEqual({
      'X-Consumer-ID': bob.id,
      'X-Consumer-Username': 'bob',
      'X-Consumer-Custom-ID': 'bob-1',
      'X-Credential-Username': 'one',
    })
  })

  it('case 223: lets anybody pass as the anonymous consumer, and says so', async () => {
    const filter = asksFor('one', { anonymous: anybody.id })
    const { exchange, outcome } = await request(filter, { headers: spoofed })
    expect(outcome.status).toBe(200)
    expect(exchange.principal).toEqual({ id: anybody.id, credentialId: undefined })
    expect(await consumerHeaders(filter, { headers: spoofed })).toEqual({
      'X-Consumer-ID': anybody.id,
      'X-Consumer-Username': 'anybody',
      'X-Anonymous-Consumer': 'true',
    })
  })

  it('answers 500 and says why when there is no such anonymous consumer', async () => {
    const { outcome } = await request(asksFor('one', { anonymous: 'gone' }))
    expect(gist(outcome)).toBe('500 An unexpected error occurred')
    expect(host.lines.at(-1)).toMatch(/^error: the anonymous consumer 'gone' .* does not exist/)
  })

  it('refuses a credential whose consumer is not there', async () => {
    const filter = authenticationFilter(host, {
      anonymous: null,
      verify: () => ({ kind: 'proved', credential: { id: 'c', created_at: 1, consumer: null } }),
    })
    const { exchange, outcome } = await request(filter)
    expect(gist(outcome)).toBe('401 Invalid authentication credentials')
    expect(exchange.principal).toBeUndefined()
  })

  it('wants every proof when there are several without anonymous consumer', async () => {
    const both = [asksFor('one'), asksFor('two')]
    const pass = async (words: readonly string[]): Promise<string> =>
      gist((await request(both, { headers: { Pass: words } })).outcome)
    expect(await pass(['one', 'two'])).toBe('200')
    expect(await pass(['one'])).toBe('401 no two')
    expect(await pass(['two'])).toBe('401 no one')
  })

  it('is content with one proof when each has an anonymous consumer', async () => {
    const options = { anonymous: anybody.id }
    const both = [asksFor('one', options), asksFor('two', options)]
    const principal = async (...words: readonly string[]): Promise<unknown> =>
      (await request(both, { headers: { Pass: words } })).exchange.principal
    expect(await principal('one')).toEqual({ id: bob.id, credentialId: 'one' })
    expect(await principal('two')).toEqual({ id: bob.id, credentialId: 'two' })
    expect(await principal()).toEqual({ id: anybody.id, credentialId: undefined })
  })

  it('takes the mark of the anonymous consumer away when a later proof holds', async () => {
    const options = { anonymous: anybody.id }
    const filters = [asksFor('one', options), asksFor('two', options)]
    const { exchange } = await request(filters, { headers: { Pass: 'two' } })
    expect(exchange.request.headers.has('X-Anonymous-Consumer')).toBe(false)
  })

  it('asks OPTIONS requests only where it is told to', async () => {
    const options = { method: 'OPTIONS' }
    expect(gist((await request(asksFor('one'), options)).outcome)).toBe('401 no one')
    const lenient = asksFor('one', { onPreflight: false })
    expect(gist((await request(lenient, options)).outcome)).toBe('200')
    expect(gist((await request(lenient, { method: 'GET' })).outcome)).toBe('401 no one')
  })
})
