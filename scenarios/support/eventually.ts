import { setTimeout as wait } from 'node:timers/promises'
import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'

const lookAgainMs = 20
const withinMs = 5_000

/**
 * Waits for a condition that a claim depends on but does not make.
 *
 * @throws {UnknownVerdict} When it does not hold within 5 s: the claim can then not be judged.
 */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new UnknownVerdict(`${what} within ${withinMs} ms`)
    await wait(lookAgainMs)
  }
}
