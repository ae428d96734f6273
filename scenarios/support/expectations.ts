import { expect } from 'vitest'
import { judgePayload } from '#lab/probes/hops.ts'
import type { LinkConnection } from '#lab/probes/link-captures.ts'
import type { Leg } from './ground.ts'
import type { Yard } from './stage.ts'

/** The connections to a port as legs: one that is forwarded over several links is one leg. */
export async function legsTo(yard: Yard, port: number): Promise<readonly Leg[]> {
  const found = await connectionsTo(yard, port)
  const legs = Map.groupBy(found, ({ client }) => `${client.address} ${client.port}`)
  return [...legs.values()].map(([first, ...rest]) => ({
    from: first && yard.dialler(first),
    links: [first, ...rest].flatMap((connection) => connection?.link ?? []),
  }))
}

export async function connectionsTo(yard: Yard, port: number): Promise<readonly LinkConnection[]> {
  const found = await yard.connections()
  return found.filter(({ server }) => server.port === port)
}

/**
 * Those who connected to a process of Service B, in its own words, come to be just these, in this order. Lines are written
 * a moment after what they tell: that there is none is said at once, so prove it by packets, too.
 */
export async function expectCallers(
  yard: Yard,
  serverLog: string,
  callers: readonly string[],
): Promise<void> {
  const callersOf = async (): Promise<readonly string[]> => {
    const log = await yard.logged('service-b', serverLog)
    return [...log.matchAll(/^Ncat: Connection from ([\d.]+):\d+\.$/gm)].flatMap(
      ([, address]) => address ?? [],
    )
  }
  await expect.poll(callersOf).toEqual(callers)
}

/** What crossed the links to a port: one value, unless legs differ. */
export async function payloadsTo(yard: Yard, port: number): Promise<readonly string[]> {
  return [...new Set((await connectionsTo(yard, port)).map(judgePayload))]
}

/** A proxy's error log of this scenario comes to say something; lines are written a moment after what they tell. */
export async function expectLog(yard: Yard, proxy: string, pattern: RegExp): Promise<void> {
  await expect.poll(() => yard.logged(proxy, 'error.log')).toMatch(pattern)
}
