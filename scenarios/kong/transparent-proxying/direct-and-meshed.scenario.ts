import { expect } from 'vitest'
import { clients } from '#scenarios/support/clients.ts'
import { expectCallers, expectLog, legsTo, payloadsTo } from '#scenarios/support/expectations.ts'
import { grounds, pods } from '#scenarios/support/ground.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'

onEveryTopology(
  (scenario, ground) => {
    const { serviceA, serviceB, kongA, kongB } = ground.addresses
    const upstream = (port: number): string => `${serviceB}:${port}`

    scenario.for(clients(ground))(
      'without rules, $protocol goes from service-a to service-b past both proxies',
      async ({ argv, port, answer, payload, serverLog }, { yard }) => {
        await yard.lab.removeRules()
        expect(await yard.run('service-a', argv)).toMatchObject({ exitCode: 0, stdout: answer })
        expect(await legsTo(yard, port)).toEqual(ground.direct)
        expect(await payloadsTo(yard, port)).toEqual([payload])
        await expectCallers(yard, serverLog, [serviceA])
      },
    )

    scenario.for(clients(ground))(
      'with rules, $protocol gets the same answer through kong-a and kong-b, and both see the address it dialled',
      async ({ argv, port, answer, payload, serverLog }, { yard }) => {
        expect(await yard.run('service-a', argv)).toMatchObject({ exitCode: 0, stdout: answer })
        expect(await legsTo(yard, port)).toEqual(ground.meshed)
        expect(await payloadsTo(yard, port)).toEqual([payload])
        await expectCallers(yard, serverLog, [kongB])
        await expectLog(yard, 'kong-a', passedOn(serviceA, upstream(port)))
        await expectLog(yard, 'kong-b', passedOn(kongA, upstream(port)))
      },
    )

    scenario(
      'taking the rules away bypasses the proxies, and bringing them back ends that',
      async ({ yard }) => {
        const [tcp] = clients(ground)
        if (tcp === undefined) throw new Error('no client')
        await yard.run('service-a', tcp.argv)
        await yard.lab.removeRules()
        await yard.run('service-a', tcp.argv)
        await yard.lab.installRules()
        await yard.run('service-a', tcp.argv)
        await expectCallers(yard, tcp.serverLog, [kongB, serviceA, kongB])
        expect(await legsTo(yard, tcp.port)).toEqual([
          ...ground.meshed,
          ...ground.direct,
          ...ground.meshed,
        ])
      },
    )
  },
  { on: [...grounds, pods] },
)

/** A proxy's log of a connection: who connected to what, and then that the proxy dials the same. */
function passedOn(client: string, destination: string): RegExp {
  const [from, to] = [RegExp.escape(client), RegExp.escape(destination)]
  const connected = String.raw`client ${from}:\d+ connected to ${to},`
  return new RegExp(String.raw`${connected}[^]*setting address \(try 1\): ${to},`)
}
