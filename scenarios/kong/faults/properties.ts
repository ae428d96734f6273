import { setTimeout as wait } from 'node:timers/promises'
import type { Property } from '#lab/faults/run-schedule.ts'
import { messageOf } from '#lab/run/fault.ts'

/** In a round: more than the least are made only while one of them waits. */
const requests = { least: 4, most: 40, apartMs: 50 } as const

/**
 * No request of Service A to Service B, with a connection of its own on each link, is answered with an error. Requests are
 * begun one after the other, whether those before have ended or not: one that waits for a broken link holds up no other.
 */
export const noRequestFails: Property = async (lab, signal) => {
  const { least, most, apartMs } = requests
  await using node = lab.node('service-a')
  const waiting = new Set<Promise<void>>()
  const failures: string[] = []
  const ask = async (): Promise<void> => {
    try {
      const response = await node.fetch('http://10.2.0.5:18000/', { signal })
      await response.text()
      if (!response.ok) failures.push(String(response.status))
    } catch (error) {
      // That fetch failed, and what of it did.
      failures.push(messageOf(Error.isError(error) ? (error.cause ?? error) : error))
    }
  }
  for (let begun = 0; begun < most && (begun < least || waiting.size > 0); begun += 1) {
    if (signal.aborted) return
    const asked = ask().finally(() => waiting.delete(asked))
    waiting.add(asked)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await wait(apartMs)
    const [failure] = failures
    if (failure !== undefined && !signal.aborted) throw new Error(`a request failed: ${failure}`)
  }
}
