import type { Schedule, ScheduledFault } from './schedule.ts'

export interface ShrinkOptions {
  /** No trial begins after this. Default: 60 000. */
  readonly budgetMs?: number
  /** Milliseconds; for tests. */
  readonly now?: () => number
  /** No fault becomes shorter than this. Default: 50. */
  readonly shortestMs?: number
  /** How often in a row a smaller schedule has to fail before it is gone on with. Default: 1. */
  readonly times?: number
}

export interface Shrunk {
  /** Fails; nothing smaller that was tried does. */
  readonly schedule: Schedule
  /** Every step of the way, each of which failed: the last one is `schedule`. */
  readonly steps: readonly Schedule[]
  readonly trials: number
  /** Whether there was time to try everything. */
  readonly complete: boolean
}

/** Times are not made finer than this: a fault needs some to be in force. */
const finestMs = 50

/**
 * Makes a failing schedule smaller as long as it fails: first fewer faults, then shorter ones, then earlier ones, until
 * nothing of it helps any more or the time is over.
 */
export async function shrinkSchedule(
  failing: Schedule,
  fails: (schedule: Schedule) => Promise<boolean>,
  options: ShrinkOptions = {},
): Promise<Shrunk> {
  const { budgetMs = 60_000, shortestMs = finestMs, times = 1 } = options
  const now = options.now ?? performance.now.bind(performance)
  const deadline = now() + budgetMs
  const known = new Map<string, boolean>()
  const steps = [failing]
  let complete = true
  const stillFails = async (schedule: Schedule): Promise<boolean> => {
    const key = JSON.stringify(schedule)
    const before = known.get(key)
    if (before !== undefined) return before
    if (now() > deadline) {
      complete = false
      return false
    }
    let verdict = true
    for (let run = 0; run < times && verdict; run += 1) {
      // oxlint-disable-next-line no-await-in-loop -- once more only when it has failed before
      verdict = await fails(schedule)
    }
    known.set(key, verdict)
    if (verdict) steps.push(schedule)
    return verdict
  }
  let schedule = await removeFaults(failing, stillFails)
  for (;;) {
    const before = JSON.stringify(schedule)
    // oxlint-disable-next-line no-await-in-loop -- each step begins with what the last one left
    schedule = await improveEach(schedule, (fault) => shorter(fault, shortestMs), stillFails)
    // oxlint-disable-next-line no-await-in-loop
    schedule = await moveTogether(schedule, stillFails)
    // oxlint-disable-next-line no-await-in-loop
    schedule = await improveEach(schedule, earlier, stillFails)
    // oxlint-disable-next-line no-await-in-loop
    schedule = await removeFaults(schedule, stillFails)
    if (JSON.stringify(schedule) === before) break
  }
  return { schedule, steps, trials: known.size, complete }
}

type Fails = (schedule: Schedule) => Promise<boolean>

/** Delta debugging: halves first, then smaller parts, then what is left when a part is gone. */
async function removeFaults(schedule: Schedule, fails: Fails): Promise<Schedule> {
  let current = schedule
  let parts = 2
  while (current.length > 1) {
    const size = Math.ceil(current.length / parts)
    const starts = Array.from(
      { length: Math.ceil(current.length / size) },
      (_, index) => index * size,
    )
    const candidates = [
      ...starts.map((start) => current.slice(start, start + size)),
      ...starts.map((start) => current.toSpliced(start, size)),
    ].filter(({ length }) => length > 0 && length < current.length)
    // oxlint-disable-next-line no-await-in-loop -- one trial at a time
    const smaller = await firstFailing(candidates, fails)
    if (smaller !== undefined) {
      current = smaller
      parts = 2
    } else if (size === 1) {
      break
    } else {
      parts = Math.min(parts * 2, current.length)
    }
  }
  return current
}

async function improveEach(
  schedule: Schedule,
  improve: (fault: ScheduledFault, all: Schedule) => readonly ScheduledFault[],
  fails: Fails,
): Promise<Schedule> {
  let current = schedule
  for (let index = 0; index < current.length; index += 1) {
    for (;;) {
      const fault = current[index]
      if (fault === undefined) break
      const candidates = improve(fault, current).map((better) => current.with(index, better))
      // oxlint-disable-next-line no-await-in-loop -- one trial at a time
      const better = await firstFailing(candidates, fails)
      if (better === undefined) break
      current = better
    }
  }
  return current
}

/** All of them earlier by the same time, so that those that need each other stay together. */
async function moveTogether(schedule: Schedule, fails: Fails): Promise<Schedule> {
  const begin = Math.min(...schedule.map(({ atMs }) => atMs))
  const candidates = smallerTimes(begin, 0).map((sooner) =>
    schedule.map((fault) => ({ ...fault, atMs: fault.atMs - begin + sooner })),
  )
  return (await firstFailing(candidates, fails)) ?? schedule
}

/** The boldest first. */
function shorter(fault: ScheduledFault, shortestMs: number): readonly ScheduledFault[] {
  return smallerTimes(fault.forMs, shortestMs).map((forMs) => ({ ...fault, forMs }))
}

/** Also at the time of another, which may then become shorter. */
function earlier(fault: ScheduledFault, all: Schedule): readonly ScheduledFault[] {
  const others = all.map(({ atMs }) => atMs).filter((atMs) => fault.atMs - atMs >= finestMs)
  const times = [...smallerTimes(fault.atMs, 0), ...others.toSorted((a, b) => a - b)]
  return [...new Set(times)].map((atMs) => ({ ...fault, atMs }))
}

function smallerTimes(time: number, least: number): readonly number[] {
  const times = [least, Math.round((time + least) / 2), Math.round(time - (time - least) / 4)]
  return [...new Set(times)].filter((each) => time - each >= finestMs)
}

async function firstFailing(
  candidates: readonly Schedule[],
  fails: Fails,
): Promise<Schedule | undefined> {
  for (const candidate of candidates) {
    // oxlint-disable-next-line no-await-in-loop -- the first one ends it
    if (await fails(candidate)) return candidate
  }
  return undefined
}
