import { openLab, type Lab } from '#lab/lab.ts'
import type { TopologyName } from '#lab/topology/find-topology.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import { runSchedule, type Property } from './run-schedule.ts'
import { makeSchedule, type Schedule, type ScheduleWish } from './schedule.ts'
import { shrinkSchedule, type Shrunk } from './shrink-schedule.ts'
import { writeRepro, type Repro } from './write-repro.ts'

export interface HuntOptions {
  readonly topology: TopologyName
  readonly property: Property
  /** Where it is, for the scenario that is written. */
  readonly propertyAt: { readonly module: string; readonly name: string }
  /** One schedule each, in this order. */
  readonly seeds: Iterable<number>
  /** Of every schedule. */
  readonly wish?: Omit<ScheduleWish, 'topology' | 'seed'>
  /** Inside the repository. */
  readonly folder: string
  /** No fault becomes shorter than this. Default: 50. */
  readonly shortestMs?: number
  /** For shrinking. Default: 60 000. */
  readonly shrinkWithinMs?: number
}

export type Hunted =
  | { readonly kind: 'held'; readonly schedules: number }
  | {
      readonly kind: 'found'
      readonly seed: number
      readonly found: Schedule
      /** The smallest that fails again in new labs, with faults half as long again as the shortest that did. */
      readonly schedule: Schedule
      /** How many others were tried. */
      readonly trials: number
      readonly message: string
      readonly repro: Repro
    }

/** Runs schedules beside a property until one violates it, shrinks that one and writes it down. */
export async function hunt(options: HuntOptions): Promise<Hunted> {
  const { property, propertyAt, wish = {}, folder } = options
  const { shrinkWithinMs = 60_000, shortestMs = 50 } = options
  const topology = await findTopology(options.topology)
  await using ground = new Ground(options.topology, property)
  let schedules = 0
  for (const seed of options.seeds) {
    const found = makeSchedule({ ...wish, topology, seed })
    schedules += 1
    // oxlint-disable-next-line no-await-in-loop -- one after the other, in the same lab
    const first = await ground.violation(found)
    if (first === undefined) continue
    let message = first
    const fails = async (schedule: Schedule): Promise<boolean> => {
      const violation = await ground.violation(schedule)
      message = violation ?? message
      return violation !== undefined
    }
    const budget = { budgetMs: shrinkWithinMs, shortestMs, times }
    // oxlint-disable-next-line no-await-in-loop -- the last one
    const shrunk = await shrinkSchedule(found, fails, budget)
    // oxlint-disable-next-line no-await-in-loop
    const schedule = await smallestThatFailsAnew(shrunk, ground, fails)
    const place = { folder, topology: options.topology, property: propertyAt }
    // oxlint-disable-next-line no-await-in-loop
    const repro = await writeRepro({ ...place, name: `seed-${seed}`, schedule, message, seed })
    return { kind: 'found', seed, found, schedule, trials: shrunk.trials, message, repro }
  }
  return { kind: 'held', schedules }
}

/** How often a schedule has to fail again, at the end in as many new labs, to be one that others can be shown. */
const times = 2

/** Faults last longer than they have to at least, so that a machine that is faster or slower sees the same. */
const margin = 1.5

/** The steps of shrinking backwards: the last ones may have failed by chance, at the edge of what it takes. */
async function smallestThatFailsAnew(
  { steps }: Shrunk,
  ground: Ground,
  fails: (schedule: Schedule) => Promise<boolean>,
): Promise<Schedule> {
  for (const step of steps.toReversed()) {
    const schedule = step.map((fault) => ({ ...fault, forMs: Math.round(fault.forMs * margin) }))
    let failed = 0
    for (let run = 0; run < times && failed === run; run += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one lab after the other
      await ground.leave()
      // oxlint-disable-next-line no-await-in-loop
      if (await fails(schedule)) failed += 1
    }
    if (failed === times) return schedule
  }
  const [first] = steps
  if (first === undefined) throw new RangeError('no step fails')
  return first
}

/** A lab for one trial after the other; a new one when the last trial left it in a bad way. */
class Ground implements AsyncDisposable {
  readonly #topology: TopologyName
  readonly #property: Property
  #lab: Lab | undefined

  constructor(topology: TopologyName, property: Property) {
    this.#topology = topology
    this.#property = property
  }

  /** What violated the property, if anything did. */
  async violation(schedule: Schedule): Promise<string | undefined> {
    const used = this.#lab
    const property = this.#property
    let verdict = used && (await runSchedule(schedule, { lab: used, property }))
    if (verdict === undefined || verdict.kind === 'unsound') {
      await this.leave()
      const lab = await openLab(this.#topology)
      this.#lab = lab
      verdict = await runSchedule(schedule, { lab, property })
    }
    if (verdict.kind === 'unsound') {
      throw new Error(`The property does not even hold while nothing is broken: ${verdict.message}`)
    }
    return verdict.kind === 'violated' ? verdict.message : undefined
  }

  /** The next trial gets a new lab. */
  async leave(): Promise<void> {
    const lab = this.#lab
    this.#lab = undefined
    await lab?.[Symbol.asyncDispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }
}
