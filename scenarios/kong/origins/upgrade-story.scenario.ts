import { makeCanary } from '#lab/probes/canary.ts'
import { openAdmin } from '#scenarios/support/admin.ts'
import { middleNode } from '#scenarios/support/adapt-topology.ts'
import { extendTopology } from '#scenarios/support/extend-topology.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { askByStream } from '#scenarios/support/wire/ask-by-stream.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'

onEveryTopology(
  (scenario, ground) => {
    const { serviceB, echo } = ground.addresses

    scenario(
      'a plain HTTP client and a plain HTTP service meet over mutual TLS that neither knows of',
      async ({ yard }) => {
        const alpn = await meshProtocolOf(yard)
        await using admin = await openAdmin(yard)
        const canary = { before: makeCanary(), after: makeCanary() }
        const url = `http://${echo}:18000/`
        const since = { sinceMs: Date.now() }
        await askWithCanary(yard, url, canary.before)
        const plain = await yard.wire(since)
        expect(plain.link('kong-a', 'kong-b')).not.toShowNoPlaintext(canary.before)

        await admin.change('/services/echo-http', {
          to: { protocol: 'https', port: 18443 },
          back: { protocol: 'http', port: 18000 },
        })
        await admin.applied()
        const sinceChange = { sinceMs: Date.now() }
        const { text } = await askWithCanary(yard, url, canary.after)
        expect(JSON.parse(text)).toMatchObject({
          protocol: 'http',
          local: `${echo}:18000`,
          headers: { 'x-canary': canary.after },
        })
        const { link, request } = await yard.wire(sinceChange)
        expect(request(canary.after)).toHavePassed(['kong-a', 'kong-b'])
        expect(link('service-a', 'kong-a')).not.toShowNoPlaintext(canary.after)
        expect(link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn, subject: /^CN=kong-node-/ })
        expect(link('kong-a', 'kong-b')).toShowNoPlaintext(canary.after)
        expect(link('kong-b', 'service-b')).not.toShowNoPlaintext(canary.after)
        await expect(yard).toBalance()
      },
    )

    scenario(
      'a plain TCP client and a plain TCP service meet over mutual TLS that neither knows of',
      async ({ yard }) => {
        const alpn = await meshProtocolOf(yard)
        await using admin = await openAdmin(yard)
        await admin.change('/services/echo-tcp', {
          to: { protocol: 'tls', port: 19443 },
          back: { protocol: 'tcp', port: 19000 },
        })
        await admin.applied()
        const canary = makeCanary()
        const since = { sinceMs: Date.now() }
        await askByStream(yard, { protocol: 'tcp', say: canary })
        const { link, request } = await yard.wire(since)
        expect(request(canary)).toHavePassed(['kong-a', 'kong-b'])
        expect(link('service-a', 'kong-a')).not.toShowNoPlaintext(canary)
        expect(link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn, subject: /^CN=kong-node-/ })
        expect(link('kong-a', 'kong-b')).toShowNoPlaintext(canary)
        expect(link('kong-b', 'service-b')).not.toShowNoPlaintext(canary)
        const carrier = request(canary).carriers.at(-1)
        expect(carrier?.hop.record.destination).toBe(`${echo}:19000`)
        await expect(yard).toBalance()
      },
    )

    scenario(
      'over three nodes both hops between them are mutual TLS, and the service still hears plain HTTP',
      async ({ yard }) => {
        const alpn = await meshProtocolOf(yard)
        const canary = makeCanary()
        const since = { sinceMs: Date.now() }
        const { text } = await askWithCanary(yard, `https://${serviceB}:18443/`, canary)
        expect(JSON.parse(text)).toMatchObject({ protocol: 'http', local: `${echo}:18000` })
        const { link, request } = await yard.wire(since)
        const handledBy = ['kong-a', middleNode.name, 'kong-b']
        expect(request(canary)).toHavePassed(handledBy)
        for (const [from, to] of [
          ['kong-a', middleNode.name],
          [middleNode.name, 'kong-b'],
        ] as const) {
          expect(link(from, to)).toCarryOnlyMutualTls({ alpn, subject: /^CN=kong-node-/ })
          expect(link(from, to)).toShowNoPlaintext(canary)
        }
        expect(link('kong-b', 'service-b')).not.toShowNoPlaintext(canary)
        await expect(yard).toBalance({ except: { [canary]: { handledBy } } })
      },
    )
  },
  { adapt: extendTopology },
)
