import { makeCanary } from '#lab/probes/canary.ts'
import { openAdmin, type Admin } from '#scenarios/support/admin.ts'
import { extendTopology } from '#scenarios/support/extend-topology.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { sayByStream } from '#scenarios/support/wire/ask-by-stream.ts'
import { untilInMesh } from '#scenarios/support/wire/mesh-protocol.ts'
import { threeNodes, twoNodes } from './nodes.ts'

onEveryTopology(
  (scenario, ground) => {
    const { echo, serviceB } = ground.addresses
    const ways = {
      'mutual TLS': { protocol: 'tls', host: echo, service: 'echo-tls', handledBy: twoNodes },
      'plain TCP': { protocol: 'tcp', host: echo, service: 'echo-tcp', handledBy: twoNodes },
      'mutual TLS over three nodes': {
        protocol: 'tls',
        host: serviceB,
        service: 'service-b-tls',
        handledBy: threeNodes,
      },
    } as const

    const ends = [
      { way: 'mutual TLS', runOn: 'first', at: 'kong-a' },
      { way: 'mutual TLS', runOn: 'second', at: 'kong-b' },
      { way: 'mutual TLS', runOn: 'all', at: 'kong-a' },
      { way: 'plain TCP', runOn: 'first', at: 'kong-a' },
      { way: 'plain TCP', runOn: 'second', at: 'service-b' },
      { way: 'plain TCP', runOn: 'all', at: 'kong-a' },
      { way: 'mutual TLS over three nodes', runOn: 'first', at: 'kong-a' },
      { way: 'mutual TLS over three nodes', runOn: 'second', at: 'kong-b' },
    ] as const

    scenario.for(ends)(
      'a plugin that answers in place of the service and has run_on $runOn ends a stream over $way at $at',
      async ({ way, runOn, at }, { yard }) => {
        await untilInMesh(yard)
        await using admin = await openAdmin(yard)
        const { service, handledBy, protocol, host } = ways[way]
        await answerOn(admin, `/services/${service}/plugins`, { runOn, message: 'answered' })
        await admin.applied()
        const canary = makeCanary()
        const heard = await sayByStream(yard, { protocol, host, say: canary })
        if (at === 'service-b') expect(heard).toContain(canary)
        else expect(JSON.parse(heard)).toMatchObject({ message: 'answered' })
        await expect(yard).toBalance({ handledBy, endsAt: at })
      },
    )

    scenario(
      'with run_on second a stream over three nodes is answered by the one in the middle, where its route has the plugin',
      async ({ yard }) => {
        await untilInMesh(yard)
        await using admin = await openAdmin(yard)
        await answerOn(admin, '/services/at-middle/plugins', { runOn: 'second', message: 'middle' })
        await admin.applied()
        const say = makeCanary()
        const heard = await sayByStream(yard, { protocol: 'tls', host: serviceB, say })
        expect(JSON.parse(heard)).toMatchObject({ message: 'middle' })
        await expect(yard).toBalance({ handledBy: threeNodes, endsAt: 'kong-m' })
      },
    )

    scenario(
      'a configuration that does not run on a node leaves its place there to the next less specific one that does',
      async ({ yard }) => {
        await untilInMesh(yard)
        await using admin = await openAdmin(yard)
        const passages: Record<string, object> = {}
        const answers = async (
          message: string | undefined,
          { at, protocol }: { readonly at: string; readonly protocol: 'tcp' | 'tls' },
        ): Promise<void> => {
          await admin.applied()
          const canary = makeCanary()
          const heard = await sayByStream(yard, { protocol, say: canary })
          if (message === undefined) expect(heard).toContain(canary)
          else expect(JSON.parse(heard)).toMatchObject({ message })
          passages[canary] = { endsAt: at }
          await expect(yard).toBalance({ except: passages })
        }
        // The first node sees one route, the second one another: the client is plain, the way between them is not.
        await admin.change('/services/echo-tcp', {
          to: { protocol: 'tls', port: 19443 },
          back: { protocol: 'tcp', port: 19000 },
        })
        await answers(undefined, { at: 'service-b', protocol: 'tcp' })

        // On kong-a the route has none that runs there, so the one for everything does.
        await answerOn(admin, '/routes/echo-tcp/plugins', {
          runOn: 'second',
          message: 'outer route',
        })
        const global = await answerOn(admin, '/plugins', { runOn: 'first', message: 'global' })
        await answers('global', { at: 'kong-a', protocol: 'tcp' })

        // On kong-b the route has none that runs there, so the one of the service does, and then the one for everything.
        await admin.remove(global)
        await answerOn(admin, '/routes/echo-tls/plugins', {
          runOn: 'first',
          message: 'inner route',
        })
        const service = await answerOn(admin, '/services/echo-tls/plugins', {
          runOn: 'second',
          message: 'inner service',
        })
        await answers('inner service', { at: 'kong-b', protocol: 'tcp' })
        await admin.remove(service)
        await answers(undefined, { at: 'service-b', protocol: 'tcp' })
        await answerOn(admin, '/plugins', { runOn: 'second', message: 'global, second' })
        await answers('global, second', { at: 'kong-b', protocol: 'tcp' })

        // The control: what the second node leaves out as the second one, the first node runs.
        await answers('inner route', { at: 'kong-a', protocol: 'tls' })
      },
    )
  },
  { adapt: extendTopology },
)

/** Adds a plugin that answers in place of whatever comes after it. */
function answerOn(
  admin: Admin,
  path: string,
  { runOn, message }: { readonly runOn: string; readonly message: string },
): Promise<string> {
  return admin.add(path, {
    name: 'short-circuit',
    run_on: runOn,
    protocols: ['tcp', 'tls'],
    config: { message },
  })
}
