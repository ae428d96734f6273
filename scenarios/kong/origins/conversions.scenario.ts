import { makeCanary } from '#lab/probes/canary.ts'
import { origins, patient, withSettings } from '#scenarios/support/adapt-topology.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { askByStream } from '#scenarios/support/wire/ask-by-stream.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'
import type { Ground } from '#scenarios/support/ground.ts'
import type { Topology } from '#lab/topology/topology.ts'

const ports = { http: 18000, https: 18443, tcp: 19000, tls: 19443 } as const

/** What a service says, and what kong-b makes of it; `host` is the service's own, and it is always echo that is asked. */
const web = [
  { from: 'http', to: 'https', host: 'echo' },
  { from: 'https', to: 'http', host: 'echo' },
  { from: 'http', to: 'http', host: 'serviceB' },
  { from: 'https', to: 'https', host: 'serviceB' },
] as const
const streams = [
  { from: 'tcp', to: 'tls', host: 'echo' },
  { from: 'tls', to: 'tcp', host: 'echo' },
  { from: 'tcp', to: 'tcp', host: 'serviceB' },
  { from: 'tls', to: 'tls', host: 'serviceB' },
] as const

/** Only kong-b is told of other origins. */
function adapt(topology: Topology, { addresses }: Ground): Topology {
  const table = [...web, ...streams].map(({ from, to, host }) => [
    `${from}://${addresses[host]}:${ports[from]}`,
    `${to}://${addresses.echo}:${ports[to]}`,
  ])
  return withSettings(topology, {
    all: patient,
    'kong-b': { origins: origins(Object.fromEntries(table)) },
  })
}

onEveryTopology(
  (scenario, ground) => {
    const { addresses } = ground

    scenario.for(web)(
      'kong-b asks by $to whom the service of $host calls $from, and kong-a still goes by the service',
      async ({ from, to, host }, { yard }) => {
        const alpn = await meshProtocolOf(yard)
        const canary = makeCanary()
        const since = { sinceMs: Date.now() }
        const url = `${from}://${addresses[host]}:${ports[from]}/`
        const { text } = await askWithCanary(yard, url, canary)
        expect(JSON.parse(text)).toMatchObject({
          protocol: to,
          local: `${addresses.echo}:${ports[to]}`,
          headers: { 'x-canary': canary, host: `${addresses.echo}:${ports[to]}` },
        })
        const { link } = await yard.wire(since)
        if (from === 'https') expect(link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn })
        else expect(link('kong-a', 'kong-b')).not.toShowNoPlaintext(canary)
        if (to === 'https') expect(link('kong-b', 'service-b')).toShowNoPlaintext(canary)
        else expect(link('kong-b', 'service-b')).not.toShowNoPlaintext(canary)
        await expect(yard).toBalance()
      },
    )

    scenario.for(streams)(
      'kong-b hands on by $to what the service of $host calls $from, and kong-a still goes by the service',
      async ({ from, to, host }, { yard }) => {
        const alpn = await meshProtocolOf(yard)
        const canary = makeCanary()
        const since = { sinceMs: Date.now() }
        await askByStream(yard, { protocol: from, say: canary, host: addresses[host] })
        const { link, request } = await yard.wire(since)
        if (from === 'tls') expect(link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn })
        else expect(link('kong-a', 'kong-b')).not.toShowNoPlaintext(canary)
        if (to === 'tls') expect(link('kong-b', 'service-b')).toShowNoPlaintext(canary)
        else expect(link('kong-b', 'service-b')).not.toShowNoPlaintext(canary)
        const carrier = request(canary).carriers.at(-1)
        expect(carrier?.hop.record.destination).toBe(`${addresses.echo}:${ports[to]}`)
        await expect(yard).toBalance()
      },
    )

    scenario(
      'without proxies on the way nothing of it holds: the service that was called is asked',
      async ({ yard }) => {
        await yard.lab.removeRules()
        const canary = makeCanary()
        const url = `https://${addresses.echo}:${ports.https}/`
        const { text } = await askWithCanary(yard, url, canary)
        expect(JSON.parse(text)).toMatchObject({ protocol: 'https' })
        await expect(yard).toBalance()
      },
    )
  },
  { adapt },
)
