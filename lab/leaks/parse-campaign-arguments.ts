import { parseArgs } from 'node:util'
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

/** @throws Error that names the option. */
export function parseCampaignArguments(args: readonly string[]): CampaignArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      moments: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      topology: { type: 'string', default: defaultTopology },
      backend: { type: 'string' },
    },
  })
  return {
    backend: chooseBackend(values.backend),
    moments: whole('moments', values.moments),
    seed: whole('seed', values.seed),
    only: values.only === undefined ? undefined : whole('only', values.only),
    topology: values.topology,
  }
}

function whole(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new RangeError(`--${option} is a whole number, not "${text}".`)
}
