import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'

const parent = '/var/tmp'
/** What the folder of a campaign is made of: this, and some letters. */
export const campaignPlace = join(parent, 'meshyard-leaks-')

/** The folders of all campaigns of this machine. */
export function campaignPlaces(): readonly string[] {
  return readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((path) => path.startsWith(campaignPlace))
}

/** Those that were not there before and that nobody works in: what a campaign has left behind. */
export function abandonedPlaces(before: readonly string[]): readonly string[] {
  return campaignPlaces().filter(
    (path) => !before.includes(path) && processesWorkingIn(path).length === 0,
  )
}
