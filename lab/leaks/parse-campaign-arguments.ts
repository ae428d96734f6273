import { UsageError } from '#lab/cli/command.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'
import { orUsage } from '#lab/cli/wrong-value.ts'
import { chooseBackend } from '#lab/runtime/choose-backend.ts'
import { defaultTopology } from '#lab/topology/find-topology.ts'
import type { CampaignOptions } from './campaign.ts'

export interface CampaignArguments extends Pick<
  CampaignOptions,
  'backend' | 'moments' | 'seed' | 'only'
> {
  /** Name or file. */
  readonly topology: string
}

/** @throws UsageError that names the option. */
export function parseCampaignArguments(args: readonly string[]): CampaignArguments {
  const { values } = parseArguments(args, {
    positionals: 0,
    options: {
      moments: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      topology: { type: 'string', default: defaultTopology },
      backend: { type: 'string' },
    },
  })
  return {
    backend: orUsage(() => chooseBackend(values.backend)),
    moments: whole('moments', values.moments, { least: 1 }),
    seed: whole('seed', values.seed),
    only: values.only === undefined ? undefined : whole('only', values.only),
    topology: values.topology,
  }
}

function whole(option: string, text: string, { least = 0 } = {}): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text)
  throw new UsageError(`--${option} is a whole number from ${least} on, not "${text}".`)
}
