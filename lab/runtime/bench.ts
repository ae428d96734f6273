import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '#netns/bench-figures.ts'
import { timeMeshyard } from '#lab/bench-command.ts'
import { backends } from './runtime.ts'

/**
 * Milliseconds of `meshyard up` and `down` with `sidecars` on each backend, and of a command in a node, taken by turns.
 * Needs a container engine: `.ci/with-private-docker node lab/runtime/bench.ts`.
 */
const rounds = Number(process.argv[2] ?? 5)
const home = mkdtempSync(join(tmpdir(), 'runtime-bench-'))

const verbs = ['up', 'exec', 'down'] as const
const times = new Map<string, number[]>()
try {
  // The first round fills caches and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    for (const backend of backends) {
      const lines = {
        up: ['up', 'sidecars', '--backend', backend],
        exec: ['exec', 'service-a', 'true'],
        down: ['down'],
      }
      for (const verb of verbs) {
        const { wallMs } = await timeMeshyard(home, ...lines[verb])
        const key = `${verb} ${backend}`
        if (round > 0) times.set(key, [...(times.get(key) ?? []), wallMs])
      }
    }
  }
} finally {
  await timeMeshyard(home, 'down')
  rmSync(home, { recursive: true })
}
console.table(
  Object.fromEntries(
    verbs.map((verb) => {
      const [namespaces, containers] = backends.map((each) =>
        Math.round(median(times.get(`${verb} ${each}`) ?? [])),
      )
      const ratio = ((containers ?? 0) / (namespaces ?? 1)).toFixed(1)
      return [verb, { 'namespaces ms': namespaces, 'containers ms': containers, ratio }]
    }),
  ),
)
