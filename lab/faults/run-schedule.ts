import { setTimeout as wait } from 'node:timers/promises'
import type { Fault, Lab } from '#lab/lab.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { Schedule, ScheduledFault } from './schedule.ts'

/**
 * Makes requests in a lab and checks what must hold of them whatever is broken: throws when it does not. One round is
 * short; it ends early when the signal aborts.
 */
export type Property = (lab: Lab, signal: AbortSignal) => Promise<void>

export type Verdict =
  | { readonly kind: 'held'; readonly rounds: number }
  /** The property did not even hold before the first fault. */
  | { readonly kind: 'unsound'; readonly message: string }
  | {
      readonly kind: 'violated'
      readonly message: string
      /** Since the start of the schedule. */
      readonly afterMs: number
    }

/**
 * Runs a schedule in a lab, with rounds of a property beside it from before its first fault until its last is healed, or
 * until it is violated. Heals everything in any case. A fault that cannot be at its moment, such as killing a node that
 * is dead already, is left out.
 */
export async function runSchedule(
  schedule: Schedule,
  { lab, property }: { readonly lab: Lab; readonly property: Property },
): Promise<Verdict> {
  const stop = new AbortController()
  const over = new AbortController()
  let startedAt = performance.now()
  let ended: Promise<unknown> = Promise.resolve()
  let rounds = 0
  try {
    await property(lab, stop.signal)
  } catch (error) {
    return { kind: 'unsound', message: messageOf(error) }
  }
  try {
    startedAt = performance.now()
    const since = startedAt
    ended = Promise.all(
      schedule.map((each) => play(each, { lab, startedAt: since, signal: stop.signal })),
    ).finally(() => {
      over.abort()
    })
    ended.catch(() => undefined)
    while (!over.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one round after the other
      await property(lab, stop.signal)
      rounds += 1
    }
    await ended
    return { kind: 'held', rounds }
  } catch (error) {
    if (error instanceof LabError) throw error
    return {
      kind: 'violated',
      message: messageOf(error),
      afterMs: Math.round(performance.now() - startedAt),
    }
  } finally {
    stop.abort()
    await ended.catch(() => undefined)
    await lab.healAll()
  }
}

async function play(
  { atMs, forMs, spec }: ScheduledFault,
  {
    lab,
    startedAt,
    signal,
  }: { readonly lab: Lab; readonly startedAt: number; readonly signal: AbortSignal },
): Promise<void> {
  const at = (ms: number): Promise<unknown> =>
    wait(Math.max(0, startedAt + ms - performance.now()), undefined, { signal }).catch(
      () => undefined,
    )
  await at(atMs)
  if (signal.aborted) return
  let fault: Fault
  try {
    fault = await lab.fault(spec, { measure: false })
  } catch (error) {
    if (error instanceof LabError) return
    throw error
  }
  await using _fault = fault
  // From when it is in force: what is asked for at once is done one after the other.
  await at(performance.now() - startedAt + forMs)
}
