import { makeCanary } from '#lab/probes/canary.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'

onEveryTopology((scenario, ground) => {
  scenario(
    'a service of protocol http goes in plaintext on every hop, and the packets say so',
    async ({ yard }) => {
      const canary = makeCanary()
      await askWithCanary(yard, `http://${ground.addresses.echo}:18000/`, canary)
      const { link, request } = await yard.wire()
      expect(request(canary)).toHavePassed(['kong-a', 'kong-b'])
      for (const [from, to] of [
        ['service-a', 'kong-a'],
        ['kong-a', 'kong-b'],
        ['kong-b', 'service-b'],
      ] as const) {
        expect(link(from, to)).not.toCarryOnlyMutualTls()
        expect(link(from, to)).not.toShowNoPlaintext(canary)
      }
      // What speaks against it names packets and what they hold.
      expect(() => expect(link('kong-a', 'kong-b')).toCarryOnlyMutualTls()).toThrow(
        /packets \d+–\d+ \(.*\): plaintext/,
      )
      expect(() => expect(link('kong-a', 'kong-b')).toShowNoPlaintext(canary)).toThrow(
        /packet \d+ shows it as it is/,
      )
      await expect(yard).toBalance()
    },
  )

  scenario('without rules a request passes no proxy', async ({ yard }) => {
    await yard.lab.removeRules()
    const canary = makeCanary()
    await askWithCanary(yard, `http://${ground.addresses.echo}:18000/`, canary)
    const { request, link } = await yard.wire()
    expect(request(canary)).toHavePassed([])
    expect(request(canary)).not.toHavePassed(['kong-a', 'kong-b'])
    expect(link('service-a', 'service-b').hops.length).toBeGreaterThan(0)
    expect(link('kong-a', 'kong-b').hops).toEqual([])
    await expect(yard).toBalance()
  })
})
