import { expect } from 'vitest'
import type { LinkConnection } from '#lab/probes/link-captures.ts'
import { connectionsTo } from '#scenarios/support/expectations.ts'
import { grounds, onLeg, pods } from '#scenarios/support/ground.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'

/** How long a proxy waits for the first bytes of a client where its choice of route depends on them. */
const firstBytesWaitMs = 500
/** Clients. */
const atOnce = 3

onEveryTopology(
  (scenario, ground) => {
    const { serviceA, serviceB } = ground.addresses

    scenario(
      'a TCP server that speaks first is heard at once by a client that says nothing',
      async ({ yard }) => {
        const silent = ['ncat', '--source', serviceA, '--recv-only', serviceB, '19000'] as const
        const greetings: string[] = []
        const median = async (): Promise<number> => {
          const heard = Array.from({ length: atOnce }, () => yard.run('service-a', silent))
          greetings.push(...(await Promise.all(heard)).map(({ stdout }) => stdout))
          const connections = await connectionsTo(yard, 19000)
          expect(connections.map(({ toServer }) => toServer.bytes)).toEqual(
            connections.map(() => 0),
          )
          const fromClient = onLeg(ground.meshed[0], { yard, connections })
          expect(fromClient).toHaveLength(greetings.length)
          return (
            fromClient
              .slice(-atOnce)
              .map(answerTimeMs)
              .toSorted((a, b) => a - b)[1] ?? Infinity
          )
        }
        // A wait would hold up each of them, a busy machine now these and now those.
        await expect.poll(median, { timeout: 20_000 }).toBeLessThan(firstBytesWaitMs / 2)
        expect(new Set(greetings)).toEqual(new Set(['Hello from Service B (TCP)\n']))
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
