import { setTimeout as wait } from 'node:timers/promises'
import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'
import { compileLedger, type Ledger } from '#lab/probes/ledger/compile-ledger.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import type { Judgement } from '#scenarios/support/wire/judge-link.ts'
import type { BalanceClaim } from './balance-claim.ts'
import { findYardImbalances } from './find-yard-imbalances.ts'

const withinMs = 15_000
const lookAgainMs = 50
/** A machine that is busy keeps logs back for seconds. */
const defaultQuietMs = 5_000

/**
 * Whether the books of a scenario balance. Logs are written a moment after what they tell, so while anything is missing
 * it is looked for again, until nothing new comes. What they say is put on record.
 * @throws {UnknownVerdict} When no command sent a request with an id, or packets cannot be read.
 */
export async function judgeBalance(yard: Yard, claim: BalanceClaim): Promise<Judgement> {
  const { quietMs = defaultQuietMs } = claim
  const deadline = performance.now() + withinMs
  let before = ''
  let quietSince = performance.now()
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it balances
    const found = await look(yard, claim)
    const seen =
      found instanceof UnknownVerdict ? [found.message] : found.imbalances.map(({ text }) => text)
    const now = performance.now()
    if (seen.join('\n') !== before) quietSince = now
    before = seen.join('\n')
    const late = now > deadline || now - quietSince >= quietMs
    if (found instanceof UnknownVerdict) {
      if (late) throw found
    } else if (found.imbalances.length === 0) {
      yard.addLedger(compileLedger(found))
      return { pass: true, lines: [`${yard.commands.length} commands, and nothing amiss`] }
    } else if (late || !found.imbalances.some(({ kind }) => kind === 'missing')) {
      yard.addLedger(compileLedger(found))
      return { pass: false, lines: seen }
    }
    // oxlint-disable-next-line no-await-in-loop
    await wait(lookAgainMs)
  }
}

async function look(yard: Yard, claim: BalanceClaim): Promise<Ledger | UnknownVerdict> {
  try {
    return await findYardImbalances(yard, claim)
  } catch (error) {
    if (error instanceof UnknownVerdict) return error
    throw error
  }
}
