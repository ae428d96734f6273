import { expect } from 'vitest'
import { clients, type Client } from '#scenarios/support/clients.ts'
import { openAdmin, type Admin } from '#scenarios/support/admin.ts'
import { connectionsTo, expectCallers, expectLog, legsTo } from '#scenarios/support/expectations.ts'
import { grounds, onLeg, pods } from '#scenarios/support/ground.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'

/** Kong's own default of a minute for each of six attempts is bounded too, but too long for a test. */
const attempts = { connectTimeoutMs: 150, retries: 1 }

onEveryTopology(
  (scenario, ground) => {
    const { kongB } = ground.addresses
    const [fromClient, fromKongA, fromKongB] = ground.meshed
    /** Links that nobody but Kong B has reason to dial on. */
    const atServiceB = fromKongB?.links.filter((link) => !fromClient?.links.includes(link)) ?? []
    const [tcp, , http] = clients(ground)
    if (tcp === undefined || http === undefined) throw new Error('no clients')

    scenario.for([tcp, http])(
      'with kong-b stopped, a $protocol client fails in time and nothing reaches service-b',
      async (client, { yard }) => {
        {
          // Taken back at its end, for a busy machine may take longer to connect.
          await using limited = new AsyncDisposableStack()
          const admin = limited.use(await openAdmin(yard))
          await limitAttempts(admin, `service-b-${client.protocol.toLowerCase()}`)
          await yard.lab.stopNode('kong-b')
          limited.defer(() => yard.lab.startNode('kong-b'))

          const { stdout, durationMs } = await yard.run('service-a', client.argv)
          expect(stdout).not.toContain('Hello')
          if (client === http) expect(stdout).toContain('The upstream server is timing out')
          // Twice the connect timeout, and time for the commands of a busy machine; without the limit it is minutes.
          expect(durationMs).toBeLessThan(20_000)
          await expectLog(yard, 'kong-a', /while connecting to upstream/)
          await expectCallers(yard, client.serverLog, [])
          const dialled = await connectionsTo(yard, client.port)
          const byProxy = onLeg(fromKongA, { yard, connections: dialled })
          expect(byProxy.map(({ outcome }) => outcome)).toEqual(['unanswered', 'unanswered'])
          expect(onLeg(fromKongB, { yard, connections: dialled })).toEqual([])
          expect(dialled.filter(({ link }) => atServiceB.includes(link))).toEqual([])
        }
        await expectMeshed(yard, client)
      },
    )

    scenario.for([tcp, http])(
      'with kong-a killed, a $protocol client is not answered and nothing reaches service-b',
      async (client, { yard }) => {
        await yard.lab.killNode('kong-a')

        const { exitCode, stdout } = await yard.run('service-a', impatient(client))
        expect(exitCode).not.toBe(0)
        expect(stdout).toBe('')
        await expectCallers(yard, client.serverLog, [])
        expect((await legsTo(yard, client.port)).map(({ from }) => from)).toEqual(['service-a'])
        const dialled = await connectionsTo(yard, client.port)
        expect(dialled.map(({ outcome }) => outcome)).toEqual(['unanswered'])

        await yard.lab.startNode('kong-a')
        await expectMeshed(yard, client)
      },
    )

    /** The same checks see packets and callers when the mesh is whole. */
    async function expectMeshed(yard: Yard, client: Client): Promise<void> {
      expect(await yard.run('service-a', client.argv)).toMatchObject({ stdout: client.answer })
      await expectCallers(yard, client.serverLog, [kongB])
      expect(await legsTo(yard, client.port)).toEqual(expect.arrayContaining([...ground.meshed]))
    }
  },
  { on: [...grounds, pods] },
)

async function limitAttempts(admin: Admin, service: string): Promise<void> {
  const { connectTimeoutMs, retries } = attempts
  await admin.change(`/services/${service}`, {
    to: { connect_timeout: connectTimeoutMs, retries },
    back: { connect_timeout: 60_000, retries: 5 },
  })
  await admin.applied()
}

/** The same client, giving up on a connection after a moment instead of two minutes. */
function impatient({ argv }: Client): Client['argv'] {
  const [program, ...rest] = argv
  const limit = program === 'curl' ? ['--connect-timeout', '0.3'] : ['--wait', '300ms']
  return [program, ...limit, ...rest]
}
