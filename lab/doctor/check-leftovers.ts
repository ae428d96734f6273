import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isUp } from '#lab/client/end-lab.ts'
import { namesOfOrphans } from '#lab/client/orphans.ts'
import { typed } from '#lab/cli/called-as.ts'
import { messageOf } from '#lab/run/fault.ts'
import { labHome } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'
import { isRunFolder, readRunState } from '#lab/run/run-folder.ts'
import type { Check } from './check.ts'

/** Looks for run folders whose lab has ended, and for labs whose run folder is gone. */
export function checkLeftovers(environment: NodeJS.ProcessEnv): readonly Check[] {
  const home = labHome(environment)
  let names: readonly string[]
  try {
    names = existsSync(home) ? readdirSync(home) : []
  } catch (error) {
    const why = `Nobody can look into ${home}: ${messageOf(error)}.`
    const remedy = 'Set MESHYARD_HOME to a folder that you may write to.'
    return [{ category: 'leftovers', name: 'run folders', verdict: 'limited', why, remedy }]
  }
  const orphans = namesOfOrphans(home).filter((name) => !names.includes(name))
  const found = [
    ...names.flatMap((name) => checkFolder(name, join(home, name), environment)),
    ...orphans.map((name) => orphan(name, environment)),
  ]
  if (found.length > 0) return found
  return [{ category: 'leftovers', name: 'run folders', verdict: 'works', detail: 'none' }]
}

function checkFolder(
  name: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
): readonly Check[] {
  if (!isRunFolder(folder)) return []
  const check = { category: 'leftovers', name: `run folder ${folder}` } as const
  try {
    const state = readRunState(folder)
    // Before it tells of itself, a lab that comes up is known by who works there.
    if (state === undefined ? processesWorkingIn(folder).length > 0 : isUp(state)) return []
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    const why = 'Another version of Meshyard made it.'
    return [{ ...check, verdict: 'limited', why, remedy: error.message }]
  }
  const why = 'Its lab has ended without removing it, or could not be brought up.'
  return [{ ...check, verdict: 'limited', why, ...takingDown(name, environment) }]
}

function orphan(name: string, environment: NodeJS.ProcessEnv): Check {
  const why =
    'It is up, and somebody has removed its run folder: no command finds it but the one that ends it.'
  const check = { category: 'leftovers', name: `lab ${name}`, verdict: 'limited', why } as const
  return { ...check, ...takingDown(name, environment) }
}

function takingDown(name: string, environment: NodeJS.ProcessEnv): Pick<Check, 'remedy' | 'fix'> {
  const fix = ['meshyard', 'down', '--name', name] as const
  return { remedy: `Run "${typed('down', ['--name', name], environment)}".`, fix }
}
