import { makeCanary } from '#lab/probes/canary.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { grounds, pods } from '#scenarios/support/ground.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { askByStream } from '#scenarios/support/wire/ask-by-stream.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'
import {
  meshProtocolOf,
  meshProtocolPattern,
  untilInMesh,
} from '#scenarios/support/wire/mesh-protocol.ts'

onEveryTopology(
  (scenario, ground) => {
    const { echo } = ground.addresses

    scenario(
      'a service of protocol https goes under mutual TLS between the nodes of a cluster',
      async ({ yard }) => {
        const alpn = await meshProtocolOf(yard)
        const canary = makeCanary()
        const { text } = await askWithCanary(yard, `https://${echo}:18443/`, canary)
        expect(JSON.parse(text)).toMatchObject({ headers: { 'x-canary': canary } })

        const { link, request } = await yard.wire()
        expect(request(canary)).toHavePassed(['kong-a', 'kong-b'])
        expect(link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn, subject: /^CN=kong-node-/ })
        expect(link('kong-a', 'kong-b')).toShowNoPlaintext(canary)
        await expect(yard).toBalance()
      },
    )

    scenario(
      'a stream to a service of protocol tls goes under mutual TLS between the nodes of a cluster',
      async ({ yard }) => {
        const alpn = await meshProtocolOf(yard)
        const canary = makeCanary()
        await askByStream(yard, { protocol: 'tls', say: canary })

        const { link, request } = await yard.wire()
        expect(request(canary)).toHavePassed(['kong-a', 'kong-b'])
        expect(link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn, subject: /^CN=kong-node-/ })
        expect(link('kong-a', 'kong-b')).toShowNoPlaintext(canary)
        await expect(yard).toBalance()
      },
    )

    scenario(
      'the client and the service, which belong to no cluster, are spoken to in ordinary TLS',
      async ({ yard }) => {
        await untilInMesh(yard)
        const canary = makeCanary()
        await askWithCanary(yard, `https://${echo}:18443/`, canary)
        const { link } = await yard.wire()
        for (const [from, to] of [
          ['service-a', 'kong-a'],
          ['kong-b', 'service-b'],
        ] as const) {
          const edge = link(from, to)
          expect(edge).toShowNoPlaintext(canary)
          expect(() => expect(edge).toCarryOnlyMutualTls()).toThrow(
            /packets \d+–\d+ .*TLS 1\.3, but not mutual; .*the client presented no certificate/,
          )
          for (const { tls } of edge.hops) expect(tls?.alpn ?? '').not.toMatch(meshProtocolPattern)
        }
        // The last node offers it to everybody; only a member of the cluster takes it up.
        const [offered] = link('kong-b', 'service-b').hops.map(({ tls }) => tls?.offeredAlpn)
        expect(offered).toContainEqual(expect.stringMatching(meshProtocolPattern))
        await expect(yard).toBalance()
      },
    )
  },
  { on: [...grounds, pods] },
)
