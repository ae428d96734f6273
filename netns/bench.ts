/** Prints how long it takes to build and remove a network of five nodes and a switch. Run it as root. */

import { openNetwork } from './network.ts'
import { sidecarPlan } from './sidecar-plan.ts'

const RUNS = 5

interface Timing {
  readonly buildMs: number
  readonly removeMs: number
}

function measure(): Timing {
  const start = performance.now()
  const network = openNetwork(sidecarPlan)
  const built = performance.now()
  network[Symbol.dispose]()
  return { buildMs: built - start, removeMs: performance.now() - built }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

const cold = measure()
const warm = Array.from({ length: RUNS }, measure)
const build = median(warm.map(({ buildMs }) => buildMs))
const remove = median(warm.map(({ removeMs }) => removeMs))
console.log(`network of 5 nodes, first build: ${cold.buildMs.toFixed(1)} ms`)
console.log(`network of 5 nodes, build, median of ${RUNS}: ${build.toFixed(1)} ms`)
console.log(`network of 5 nodes, remove, median of ${RUNS}: ${remove.toFixed(1)} ms`)
