import { describe, expect, it } from 'vitest'
import { makeCanary } from '#lab/probes/canary.ts'
import { expect as expectWire } from '#scenarios/support/matchers.ts'
import { openNodePair } from '#scenarios/support/node-pair.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { askByStream } from '#scenarios/support/wire/ask-by-stream.ts'

describe('a service of protocol http', () => {
  it('makes both nodes first ones: each runs what runs on the first, and none what runs on the second', async () => {
    await using pair = await openNodePair({})
    const seen: Record<string, unknown> = {}
    for (const protocol of ['https', 'http'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const hop = await pair.openHop(protocol)
      // oxlint-disable-next-line no-await-in-loop
      await pair.addPlugins(hop, [
        { name: 'request-transformer', config: { append: { headers: ['x-ran:first'] } } },
        { name: 'rate-limiting', run_on: 'second', config: { year: 10, policy: 'local' } },
      ])
      // oxlint-disable-next-line no-await-in-loop
      const { status, headers, body } = await pair.first.get('/', { host: hop.host })
      expect(status).toBe(200)
      seen[protocol] = [body['headers']['x-ran'], headers['x-ratelimit-limit-year']]
    }
    expect(seen).toEqual({ https: ['first', '10'], http: ['first, first', undefined] })
  })
})

onEveryTopology((scenario) => {
  scenario(
    'a service of protocol tcp is not secured between the nodes, one of protocol tls is',
    async ({ yard }) => {
      const canary = { tcp: makeCanary(), tls: makeCanary() }
      await askByStream(yard, { protocol: 'tcp', say: canary.tcp })
      await askByStream(yard, { protocol: 'tls', say: canary.tls })
      const { link, request } = await yard.wire()
      expectWire(request(canary.tcp)).toHavePassed(['kong-a', 'kong-b'])
      expectWire(request(canary.tls)).toHavePassed(['kong-a', 'kong-b'])
      expectWire(link('kong-a', 'kong-b')).not.toShowNoPlaintext(canary.tcp)
      expectWire(link('kong-a', 'kong-b')).toShowNoPlaintext(canary.tls)
      await expectWire(yard).toBalance()
    },
  )
})
