import { openLab } from '#lab/lab.ts'
import { openLinkCaptures } from './link-captures.ts'

/** `node lab/probes/bench.ts`: what it costs to see all packets of a lab, and how many a burst may bring. */
const looks = 101
const dials = 2_000

await using lab = await openLab('sidecars', { bare: true })
await using captures = await openLinkCaptures(lab)
const lookMs: number[] = []
for (let look = 0; look < looks; look += 1) {
  const from = performance.now()
  await captures.packets()
  lookMs.push(performance.now() - from)
}
const dialOften = `for ((i = 0; i < ${dials}; i++)); do : </dev/tcp/10.1.0.3/9; done 2>/dev/null; true`
const began = performance.now()
await lab.exec('service-a', ['bash', '-c', dialOften])
const burstMs = performance.now() - began
const seen = (await captures.connections()).length
const median = lookMs.toSorted((a, b) => a - b).at((looks - 1) / 2) ?? 0
console.table({
  'a look at three links (ms, median)': median.toFixed(2),
  'connections dialled in a burst': dials,
  'of these seen': seen,
  'packets per second in it': Math.round((2 * dials * 1_000) / burstMs),
})
