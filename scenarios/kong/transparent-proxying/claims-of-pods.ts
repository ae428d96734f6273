import { expect } from 'vitest'
import { clients } from '#scenarios/support/clients.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { connectionsTo, expectCallers, legsTo } from '#scenarios/support/expectations.ts'
import { pods } from '#scenarios/support/ground.ts'
import type { Scenario } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'

const { serviceA, echo } = pods.addresses
const [serviceA6, echo6] = ['fd00::2', 'fd00::6']

/** What holds for sidecars in pods, however the rules tell them from their services. */
export function claimsOfPods(scenario: Scenario): void {
  scenario.for(clients(pods))(
    '$protocol passes both sidecars once each, and service-b sees the address of service-a',
    async ({ argv, answer, port, serverLog }, { yard }) => {
      expect(await yard.run('service-a', argv)).toMatchObject({ exitCode: 0, stdout: answer })
      await expectCallers(yard, serverLog, [serviceA])
      const dialled = await connectionsTo(yard, port)
      expect(dialled.map(({ client }) => client.address)).toEqual(dialled.map(() => serviceA))
      // Three connections of a port each, no fourth: neither sidecar has come back to itself.
      expect(new Set(dialled.map(({ client }) => client.port)).size).toBe(3)
      expect(await legsTo(yard, port)).toEqual(pods.meshed)
      for (const proxy of ['kong-a', 'kong-b']) {
        expect(await yard.logged(proxy, 'error.log')).not.toContain('Loop')
      }
    },
  )

  scenario(
    'two clients do not share a connection on which one of them is named',
    async ({ yard }) => {
      const sources = []
      for (const [node, address] of [
        ['service-a', serviceA],
        ['control-plane', '10.0.0.1'],
        ['service-a', serviceA],
      ] as const) {
        const { stdout } = await yard.run(node, curl(`http://${echo}:18000/`))
        sources.push([address, sourceOf(stdout)])
      }
      expect(sources.map(([, source]) => source)).toEqual(sources.map(([address]) => address))
    },
  )

  scenario('over IPv6 the sidecars keep the address, too', async ({ yard }) => {
    await using _routes = await routesToAnywhere(yard)
    const web = await yard.run('service-a', curl('--globoff', `http://[${echo6}]:18000/`))
    expect(sourceOf(web.stdout)).toBe(`[${serviceA6}]`)
    const stream = await yard.run('service-a', ['ncat', echo6, '19000'])
    expect(sourceOf(stream.stdout)).toBe(`[${serviceA6}]`)
    for (const port of [18000, 19000]) {
      const all = await connectionsTo(yard, port)
      const dialled = all.filter(({ server }) => server.address === echo6)
      expect(dialled.map(({ client }) => client.address)).toEqual(dialled.map(() => serviceA6))
      expect(dialled.map(({ link }) => link)).toEqual(['lo-pod-a', 'mesh', 'lo-pod-b'])
    }
  })
}

function curl(...rest: readonly string[]): [string, ...string[]] {
  return ['curl', '--silent', '--show-error', '--max-time', '20', ...rest]
}

/** The address from which the echo service says that it was called. */
function sourceOf(report: string): string {
  const { source }: { readonly source: string } = JSON.parse(report.split('\n', 1)[0] ?? '')
  return source.replace(/:\d+$/, '')
}

/** Kong 1.1 knows no IPv6 destinations, so these go where the client wants to go. */
async function routesToAnywhere(yard: Yard): Promise<AsyncDisposable> {
  const admin = (...rest: readonly string[]) =>
    yard.run('control-plane', curl('--fail', ...rest, '--output', '/dev/null'))
  const routes = 'http://127.0.0.1:8001/routes'
  const wanted = [
    { name: 'any-web', match: ['protocols[]=http', 'paths[]=/'] },
    { name: 'any-stream', match: ['protocols[]=tcp', 'destinations[1].port=19000'] },
  ]
  for (const { name, match } of wanted) {
    const fields = [`name=${name}`, ...match].flatMap((field) => ['--data', field])
    expect(await admin(...fields, routes)).toMatchObject({ exitCode: 0 })
  }
  for (const proxy of ['kong-a', 'kong-b']) {
    await eventually(`${proxy} has not applied the routes`, async () =>
      /applied: 8 services, 10 routes/.test(await yard.logged(proxy, 'error.log')),
    )
  }
  return {
    [Symbol.asyncDispose]: async () => {
      for (const { name } of wanted) await admin('--request', 'DELETE', `${routes}/${name}`)
    },
  }
}
