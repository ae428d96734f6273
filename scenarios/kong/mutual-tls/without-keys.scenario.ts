import { makeCanary } from '#lab/probes/canary.ts'
import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'

onEveryTopology((scenario, ground) => {
  const { serviceA, serviceB } = ground.addresses

  scenario(
    'TLS whose secrets nobody logs is not taken for mutual TLS, and not for proof of anything',
    async ({ yard }) => {
      await yard.lab.removeRules()
      const canary = makeCanary()
      const client = [
        'ncat',
        '--ssl',
        '--recv-only',
        '--source',
        serviceA,
        serviceB,
        '19443',
      ] as const
      const { stdout } = await yard.run('service-a', client)
      expect(stdout).toContain('Hello from Service B (TLS)')

      const { link, request } = await yard.wire()
      const direct = link('service-a', 'service-b')
      expect(() => expect(direct).toCarryOnlyMutualTls()).toThrow(
        /packets \d+–\d+ .*TLS 1\.3 that cannot be read: its secrets are in no key log/,
      )
      expect(() => expect(direct).toShowNoPlaintext(canary)).toThrow(UnknownVerdict)
      expect(() => expect(request(canary)).toHavePassed([])).toThrow(/what cannot be read: packets/)
    },
  )

  scenario('where nothing was said, no claim about it holds', async ({ yard }) => {
    const { link, request } = await yard.wire()
    const none = link('kong-a', 'kong-b')
    for (const claim of [
      () => expect(none).toCarryOnlyMutualTls(),
      () => expect(none).not.toCarryOnlyMutualTls(),
      () => expect(none).toShowNoPlaintext(makeCanary()),
      () => expect(none).not.toShowNoPlaintext(makeCanary()),
      () => expect(request(makeCanary())).not.toHavePassed(['kong-a']),
    ]) {
      expect(claim).toThrow(UnknownVerdict)
    }
  })
})
