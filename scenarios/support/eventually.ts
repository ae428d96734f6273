import { setTimeout as wait } from 'node:timers/promises'
import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'

const lookAgainMs = 20
/** On a machine that is busy with ten times as much as it can do. */
const withinMs = 15_000

/**
 * Waits for a condition that a claim depends on but does not make.
 *
 * @throws {UnknownVerdict} When it does not hold within 15 s: the claim can then not be judged.
 */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new UnknownVerdict(`${what} within ${withinMs} ms`)
    await wait(lookAgainMs)
  }
}
