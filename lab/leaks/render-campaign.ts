import { harms, phases } from './moments.ts'
import type { CampaignResult } from './campaign.ts'
import type { TrialResult } from './trial.ts'

/** One line for each kind of harm, then what was wrong and how to see it again. */
export function renderCampaign(
  { controls, results }: CampaignResult,
  repeat: (index: number) => string,
): string {
  const lines = harms.flatMap((harm) => {
    const trials = results.filter(({ moment }) => moment.harm === harm)
    return trials.length === 0 ? [] : [renderHarm(harm, trials)]
  })
  const faults = results
    .filter((result) => result.faults.length > 0)
    .flatMap(({ moment, faults: found }) => [
      `moment ${moment.index}: ${moment.harm} during ${moment.phase}`,
      ...found.map((fault) => `    ${fault}`),
      `    again: ${repeat(moment.index)}`,
    ])
  return [
    `Left on purpose and seen: ${controls.join(', ')}.`,
    ...lines,
    ...faults,
    `Moments: ${results.length}; ${faults.length === 0 ? 'nothing left of any' : 'not all well'}.`,
    '',
  ].join('\n')
}

function renderHarm(harm: string, trials: readonly TrialResult[]): string {
  const counts = phases.map(
    (phase) => `${phase} ${trials.filter(({ moment }) => moment.phase === phase).length}`,
  )
  const there = trials.filter(({ labWasThere }) => labWasThere).length
  const bad = trials.filter(({ faults }) => faults.length > 0).length
  const verdict = bad === 0 ? 'nothing left' : `${bad} not well`
  return `${harm.padEnd(28)} ${counts.join(', ')}; a lab was there in ${there}; ${verdict}`
}
