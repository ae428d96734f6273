import { expect, it } from 'vitest'
import { soak } from './soak.ts'

const durationMs = 60_000
/** What a warm node holds under this load, however long it lasts; it is warm after some 45 s. */
const warmMiB = 340

it(
  'a minute of all traffic with a reload every five seconds loses nothing and keeps its memory',
  { timeout: 300_000 },
  async () => {
    const { traffic, reloads, changes, memory } = await soak({ durationMs })
    const { early, late, peak } = memory
    console.log(
      [
        ...traffic.map(({ name, done, failed }) => `${name}: ${done} done, ${failed} failed`),
        `${reloads} reloads, ${changes} changes`,
        `memory: ${early.toFixed(0)} MiB early, ${late.toFixed(0)} late, ${peak.toFixed(0)} at most`,
      ].join('\n'),
    )
    expect(traffic.map(({ name, failed, faults }) => ({ name, failed, faults }))).toEqual(
      traffic.map(({ name }) => ({ name, failed: 0, faults: [] })),
    )
    expect(traffic.filter(({ done }) => done === 0)).toEqual([])
    expect(traffic).toHaveLength(8)
    expect(reloads).toBeGreaterThanOrEqual(10)
    expect(late).toBeLessThanOrEqual(Math.max(early * 1.3 + 30, warmMiB))
  },
)
