import { makeCanary } from '#lab/probes/canary.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'

onEveryTopology((scenario, ground) => {
  scenario(
    'a claim about mutual TLS fails where its protocol or its names are others',
    async ({ yard }) => {
      const alpn = await meshProtocolOf(yard)
      const canary = makeCanary()
      await askWithCanary(yard, `https://${ground.addresses.echo}:18443/`, canary)
      const { link, request } = await yard.wire()
      const between = link('kong-a', 'kong-b')
      expect(between).toCarryOnlyMutualTls({ alpn, subject: /^CN=kong-node-/ })
      const other = `${alpn.slice(0, -8)}AAAAAAA=`
      expect(() => expect(between).toCarryOnlyMutualTls({ alpn: other })).toThrow(
        `its protocol is ${alpn}, not ${other}`,
      )
      expect(() => expect(between).toCarryOnlyMutualTls({ subject: /^CN=somebody$/ })).toThrow(
        /the client presented CN=kong-node-\S+, not .*; the server presented CN=kong-node-/,
      )
      for (const others of [[], ['kong-a'], ['kong-b', 'kong-a'], ['kong-a', 'kong-b', 'kong-b']]) {
        expect(request(canary)).not.toHavePassed(others)
      }
    },
  )
})
