import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '#scenarios/support/ask.ts'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import { openNodePair, type Hop, type NodePair } from '#scenarios/support/node-pair.ts'

let pair: NodePair
beforeAll(async () => {
  pair = await openNodePair({})
})
afterAll(() => pair[Symbol.asyncDispose]())

describe('what the first node knows of a consumer', () => {
  it('reaches the second node and the service as headers, and those a client made up do not', async () => {
    const hop = await pair.openHop('https')
    await pair.addPlugins(hop, [{ name: 'key-auth' }])
    const [key] = await consumers(hop)
    const { body } = await pair.first.get('/', {
      host: hop.host,
      headers: { apikey: key, 'x-consumer-username': 'somebody-else' },
    })
    expect(body['headers']).toMatchObject({ 'x-consumer-username': `one-${hop.host}` })
  })

  it('does not make the second node count by consumer: all who come through one node share a limit there', async () => {
    const left: Record<string, readonly number[]> = {}
    for (const run_on of ['first', 'second'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const hop = await pair.openHop('https')
      const config = { year: 10, policy: 'local', limit_by: 'consumer' }
      // oxlint-disable-next-line no-await-in-loop
      await pair.addPlugins(hop, [{ name: 'key-auth' }, { name: 'rate-limiting', run_on, config }])
      // oxlint-disable-next-line no-await-in-loop
      const [one, two] = await consumers(hop)
      // oxlint-disable-next-line no-await-in-loop
      left[run_on] = [remaining(await ask(hop, one)), remaining(await ask(hop, two))]
    }
    expect(left).toEqual({ first: [9, 9], second: [9, 8] })
  })

  it('does not choose a configuration for that consumer on the second node', async () => {
    const limits: Record<string, unknown> = {}
    for (const run_on of ['first', 'second'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const hop = await pair.openHop('https')
      // oxlint-disable-next-line no-await-in-loop
      const [key, , id] = await consumers(hop)
      const limit = { name: 'rate-limiting', run_on }
      // oxlint-disable-next-line no-await-in-loop
      await pair.addPlugins(hop, [
        { name: 'key-auth' },
        { ...limit, config: { year: 10, policy: 'local' } },
        { ...limit, config: { year: 99, policy: 'local' }, consumer: { id } },
      ])
      // oxlint-disable-next-line no-await-in-loop
      limits[run_on] = (await ask(hop, key)).headers['x-ratelimit-limit-year']
    }
    expect(limits).toEqual({ first: '99', second: '10' })
  })

  it('is gone with the key where the first node hides it: over a plain hop the second node then refuses', async () => {
    const statuses: Record<string, number> = {}
    for (const [protocol, hide_credentials] of [
      ['http', false],
      ['http', true],
      ['https', true],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const hop = await pair.openHop(protocol)
      // oxlint-disable-next-line no-await-in-loop
      await pair.addPlugins(hop, [{ name: 'key-auth', config: { hide_credentials } }])
      // oxlint-disable-next-line no-await-in-loop
      const [key] = await consumers(hop)
      // oxlint-disable-next-line no-await-in-loop
      const { status, body } = await ask(hop, key)
      statuses[`${protocol}, ${hide_credentials ? 'hidden' : 'kept'}`] = status
      if (status === 401) expect(body).toEqual({ message: 'No API key found in request' })
    }
    // Under mutual TLS the second node asks for no key: the first one has.
    expect(statuses).toEqual({ 'http, kept': 200, 'http, hidden': 401, 'https, hidden': 200 })
  })
})

/** The keys of two new consumers, and the id of the first. */
async function consumers({ host }: Hop): Promise<readonly [string, string, string]> {
  const made: { readonly id: string; readonly key: string }[] = []
  for (const name of ['one', 'two']) {
    // oxlint-disable-next-line no-await-in-loop
    const { id } = await pair.first.configure('POST', '/consumers', { username: `${name}-${host}` })
    // oxlint-disable-next-line no-await-in-loop
    const { key } = await pair.first.configure('POST', `/consumers/${id}/key-auth`, {})
    made.push({ id: String(id), key: String(key) })
  }
  await heardOfChanges(pair.first, [pair.second])
  const [one, two] = made
  return [one?.key ?? '', two?.key ?? '', one?.id ?? '']
}

function ask({ host }: Hop, apikey: string): Promise<Answer> {
  return pair.first.get('/', { host, headers: { apikey } })
}

function remaining({ headers }: Answer): number {
  return Number(headers['x-ratelimit-remaining-year'])
}
