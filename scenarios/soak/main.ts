import { soak } from './soak.ts'

const [seconds = '600'] = process.argv.slice(2)
const durationMs = Number(seconds) * 1000
if (!(durationMs > 0)) throw new RangeError(`Give the duration in seconds, not "${seconds}".`)
const { traffic, reloads, changes, memory } = await soak({ durationMs })
console.table(
  traffic.map(({ name, done, failed }) => ({
    traffic: name,
    done,
    'per s': Math.round(done / Number(seconds)),
    failed,
  })),
)
for (const { name, faults } of traffic)
  for (const fault of faults) console.error(`${name}: ${fault}`)
const { early, late, peak } = memory
console.log(
  `${reloads} reloads, ${changes} changes; resident memory ${early.toFixed(0)} MiB early, ${late.toFixed(0)} MiB late, ${peak.toFixed(0)} MiB at most`,
)
const lost = traffic.reduce((sum, { failed }) => sum + failed, 0)
process.exitCode = lost === 0 ? 0 : 1
