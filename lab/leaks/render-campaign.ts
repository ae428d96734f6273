import { harms, phases } from './moments.ts'
import type { CampaignResult } from './campaign.ts'
import type { CampaignArguments } from './parse-campaign-arguments.ts'
import type { TrialResult } from './trial.ts'

/** One line for each kind of harm, then what was wrong and how to see it again, then all of it in one line. */
export function renderCampaign(
  { controls, results, notDone }: CampaignResult,
  { backend, moments, seed, topology }: CampaignArguments,
): string {
  const same = `--backend ${backend} --moments ${moments} --seed ${seed} --topology ${topology}`
  const lines = harms.flatMap((harm) => {
    const trials = results.filter(({ moment }) => moment.harm === harm)
    return trials.length === 0 ? [] : [renderHarm(harm, trials)]
  })
  const bad = results.filter((result) => result.faults.length > 0)
  const faults = bad.flatMap(({ moment, faults: found }) => [
    `moment ${moment.index}: ${moment.harm} during ${moment.phase}`,
    ...found.map((fault) => `    ${fault}`),
    `    again: npm run leaks -- ${same} --only ${moment.index}`,
  ])
  const verdict = bad.length === 0 ? 'nothing left of any' : `${bad.length} not well`
  const counts = phases.map((phase) => `${phase} ${countIn(phase, results)}`).join(', ')
  return [
    `Left on purpose and seen: ${controls.join(', ')}.`,
    ...lines,
    ...notDone.map(({ harm, why }) => `${harm.padEnd(nameWidth)} not done: ${why}`),
    ...faults,
    `Moments: ${results.length} (${counts}) on ${backend}, seed ${seed}; ${verdict}.`,
    '',
  ].join('\n')
}

const nameWidth = 28

function renderHarm(harm: string, trials: readonly TrialResult[]): string {
  const counts = phases.map((phase) => `${phase} ${countIn(phase, trials)}`)
  const there = trials.filter(({ labWasThere }) => labWasThere).length
  const bad = trials.filter(({ faults }) => faults.length > 0).length
  const verdict = bad === 0 ? 'nothing left' : `${bad} not well`
  const done = trials.filter((trial) => trial.done).length
  const seen = done === trials.length ? '' : `done in ${done}; `
  return `${harm.padEnd(nameWidth)} ${counts.join(', ')}; a lab was there in ${there}; ${seen}${verdict}`
}

function countIn(phase: string, trials: readonly TrialResult[]): number {
  return trials.filter(({ moment }) => moment.phase === phase).length
}
