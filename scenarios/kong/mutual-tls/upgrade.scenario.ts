import { makeCanary } from '#lab/probes/canary.ts'
import { openAdmin } from '#scenarios/support/admin.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'

onEveryTopology((scenario, ground) => {
  const { echo } = ground.addresses

  scenario(
    'one change of a service secures the way between the nodes, while the client goes on in plaintext',
    async ({ yard }) => {
      const alpn = await meshProtocolOf(yard)
      const url = `http://${echo}:18000/`
      const before = { sinceMs: Date.now(), canary: makeCanary() }
      await askWithCanary(yard, url, before.canary)
      const plain = await yard.wire(before)
      expect(plain.request(before.canary)).toHavePassed(['kong-a', 'kong-b'])
      expect(plain.link('kong-a', 'kong-b')).not.toShowNoPlaintext(before.canary)

      await using admin = await openAdmin(yard)
      await admin.change('/services/echo-http', {
        to: { protocol: 'https', port: 18443 },
        back: { protocol: 'http', port: 18000 },
      })
      await admin.applied()
      const after = { sinceMs: Date.now(), canary: makeCanary() }
      const { text } = await askWithCanary(yard, url, after.canary)
      expect(JSON.parse(text)).toMatchObject({ headers: { 'x-canary': after.canary } })

      const secured = await yard.wire(after)
      expect(secured.request(after.canary)).toHavePassed(['kong-a', 'kong-b'])
      expect(secured.link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn })
      expect(secured.link('kong-a', 'kong-b')).toShowNoPlaintext(after.canary)
      expect(secured.link('service-a', 'kong-a')).not.toShowNoPlaintext(after.canary)
      await expect(yard).toBalance()
    },
  )
})
