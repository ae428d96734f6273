import { expect } from 'vitest'
import type { LinkConnection } from '#lab/probes/link-captures.ts'
import { connectionsTo } from '#scenarios/support/expectations.ts'
import { grounds, onLeg, pods } from '#scenarios/support/ground.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'

/** How long a proxy waits for the first bytes of a client where its choice of route depends on them. */
const firstBytesWaitMs = 500
const attempts = 5

onEveryTopology(
  (scenario, ground) => {
    const { serviceA, serviceB } = ground.addresses

    scenario(
      'a TCP server that speaks first is heard at once by a client that says nothing',
      async ({ yard }) => {
        const silent = ['ncat', '--source', serviceA, '--recv-only', serviceB, '19000'] as const
        for (let attempt = 1; attempt <= attempts; attempt++) {
          expect(await yard.run('service-a', silent)).toMatchObject({
            stdout: 'Hello from Service B (TCP)\n',
          })
        }
        const connections = await connectionsTo(yard, 19000)
        const fromClient = onLeg(ground.meshed[0], { yard, connections })
        expect(fromClient).toHaveLength(attempts)
        expect(connections.map(({ toServer }) => toServer.bytes)).toEqual(connections.map(() => 0))
        // The median: one slow answer on a busy machine is not a wait.
        const times = fromClient.map(answerTimeMs).toSorted((a, b) => a - b)
        expect(times[(attempts - 1) / 2]).toBeLessThan(firstBytesWaitMs / 2)
      },
    )

    scenario(
      'where a route needs first bytes, the packets show that a silent client is waited for',
      async ({ yard }) => {
        const silent = ['ncat', '--source', serviceA, '--recv-only', serviceB, '19443'] as const
        await yard.run('service-a', silent)
        const connections = await connectionsTo(yard, 19443)
        const [fromClient] = onLeg(ground.meshed[0], { yard, connections })
        expect(fromClient && answerTimeMs(fromClient)).toBeGreaterThanOrEqual(firstBytesWaitMs)
      },
    )
  },
  { on: [...grounds, pods] },
)

/** From the SYN to the first byte of the server, on the wire. */
function answerTimeMs({ startedAtMs, toClient }: LinkConnection): number {
  return (toClient.firstPayloadAtMs ?? Number.POSITIVE_INFINITY) - startedAtMs
}
