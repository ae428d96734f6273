import { seededRandom } from '#netns/shaping/random.ts'
import type { NodeSpec, Topology } from '#lab/topology/topology.ts'
import { linkFaults } from './fault-kinds.ts'
import type { FaultKind, FaultSpec } from './fault-spec.ts'

/** A fault at its time. Times count from the start of the schedule. */
export interface ScheduledFault {
  readonly atMs: number
  /** How long it lasts. */
  readonly forMs: number
  readonly spec: FaultSpec
}

/** In the order of their beginnings. */
export type Schedule = readonly ScheduledFault[]

export interface ScheduleWish {
  readonly topology: Topology
  /** The same seed and topology make the same schedule. */
  readonly seed: number
  /** Default: 6. */
  readonly faults?: number
  /** When the last fault begins at the latest. Default: 3 000. */
  readonly lengthMs?: number
  /** How long a fault lasts at most. Default: 1 500. */
  readonly longestMs?: number
  /** How often a kind is chosen, compared with others; 0 = never. Default: faults of links 3 each, those of nodes 1. */
  readonly weights?: Partial<Readonly<Record<FaultKind, number>>>
}

/**
 * Packages and privileges that not every machine has are only in when they are asked for, and so is what came later, so that
 * a seed keeps its schedule.
 */
const defaultWeights: Readonly<Record<FaultKind, number>> = {
  partition: 3,
  down: 1,
  delay: 3,
  jitter: 2,
  loss: 3,
  rate: 2,
  reorder: 1,
  duplicate: 0,
  kill: 1,
  pause: 1,
  restart: 1,
  reset: 1,
  clock: 0,
  'expired-certificate': 0,
  'store-down': 1,
}

/** Makes a schedule from a seed: what breaks, when and for how long; in the order of time. */
export function makeSchedule(wish: ScheduleWish): Schedule {
  const { topology, seed, faults = 6, lengthMs = 3_000, longestMs = 1_500 } = wish
  const random = seededRandom(seed)
  const pick = <item>(items: readonly item[]): item => {
    const found = items[Math.floor(random() * items.length)]
    if (found === undefined) throw new RangeError(`${topology.name} has nothing to break`)
    return found
  }
  const weights = { ...defaultWeights, ...wish.weights }
  const kinds = possibleKinds(topology).flatMap((kind) =>
    Array.from({ length: weights[kind] }, () => kind),
  )
  return Array.from({ length: faults }, (): ScheduledFault => {
    const atMs = Math.round(random() * lengthMs)
    const forMs = Math.round(100 + random() * (longestMs - 100))
    return { atMs, forMs, spec: makeSpec(pick(kinds), topology, { random, pick }) }
  }).toSorted((a, b) => a.atMs - b.atMs)
}

interface Chance {
  readonly random: () => number
  readonly pick: <item>(items: readonly item[]) => item
}

function makeSpec(kind: FaultKind, topology: Topology, { random, pick }: Chance): FaultSpec {
  const between = (least: number, most: number): number =>
    Math.round(least + random() * (most - least))
  const place = (): { link: string; from?: string } => {
    const link = pick(topology.links)
    const ends = topology.nodes.filter(({ namespace }) =>
      link.ends.some((end) => end.namespace === namespace),
    )
    const oneWay = random() < 0.5
    return { link: link.name, ...(oneWay && { from: pick(ends).name }) }
  }
  const seed = (): number => between(1, 1_000_000)
  switch (kind) {
    case 'partition':
    case 'down':
      return { kind, ...place() }
    case 'delay':
      return { kind, ...place(), ms: between(10, 400) }
    case 'jitter':
      return { kind, ...place(), ms: between(5, 100), seed: seed() }
    case 'loss':
      return { kind, ...place(), percent: between(2, 60), seed: seed() }
    case 'rate':
      return { kind, ...place(), mbit: between(1, 20) }
    case 'duplicate':
      return { kind, ...place(), percent: between(5, 50), seed: seed() }
    case 'reorder':
      return { kind, ...place(), percent: between(5, 50), ms: between(5, 50), seed: seed() }
    case 'store-down':
      return { kind }
    case 'clock':
      return { kind, node: pick(proxies(topology)).name, offset: pick(['+1d', '-1d', '+1y']) }
    case 'expired-certificate':
      return { kind, node: pick(proxies(topology)).name }
    case 'kill':
    case 'pause':
    case 'restart':
    case 'reset':
    default:
      return { kind, node: pick(busyNodes(topology)).name }
  }
}

function possibleKinds(topology: Topology): readonly FaultKind[] {
  const ofNodes: readonly FaultKind[] = ['kill', 'pause', 'restart', 'reset']
  const ofProxies: readonly FaultKind[] = ['clock', 'expired-certificate', 'store-down']
  return [
    ...(topology.links.length > 0 ? linkFaults : []),
    ...(busyNodes(topology).length > 0 ? ofNodes : []),
    ...(proxies(topology).length > 0 ? ofProxies : []),
  ]
}

function busyNodes({ nodes }: Topology): readonly NodeSpec[] {
  return nodes.filter(({ processes }) => processes.length > 0)
}

function proxies({ nodes }: Topology): readonly NodeSpec[] {
  return nodes.filter(({ processes }) => processes.some(({ kind }) => kind === 'kong'))
}
