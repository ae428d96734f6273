import { basename, join } from 'node:path'
import { commandLineOf } from '#lab/run/command-line.ts'
import { LabError } from '#lab/run/lab-error.ts'
import {
  identifyProcess,
  isAlive,
  signalProcess,
  type ProcessIdentity,
} from '#lab/run/process-identity.ts'
import { processesWorkingIn, removedFoldersIn } from '#lab/run/processes-working-in.ts'
import { until } from '#lab/run/until.ts'

const withinMs = 5_000

/**
 * Ends the lab of a run folder that no longer tells of it, since somebody removed the folder or what was in it; tells
 * whether there was one. Whoever else works in the folder stays.
 */
export async function endOrphans(folder: string): Promise<boolean> {
  const orphans = findOrphans(folder)
  for (const orphan of orphans) signalProcess(orphan, 'SIGKILL')
  if (await until(() => !orphans.some(isAlive), { withinMs })) return orphans.length > 0
  throw new LabError(`The lab in ${folder} (${orphans.map(pidOf).join(', ')}) does not end.`)
}

/** Names of the labs of a folder whose run folder somebody removed while they were up. */
export function namesOfOrphans(home: string): readonly string[] {
  return removedFoldersIn(home).filter((name) => findOrphans(join(home, name)).length > 0)
}

function findOrphans(folder: string): readonly ProcessIdentity[] {
  return processesWorkingIn(folder).flatMap((pid) =>
    holdsLab(commandLineOf(pid)) ? (identifyProcess(pid) ?? []) : [],
  )
}

/** The wrapper, the first process and the holder, each of which names the holder's program. */
function holdsLab(argv: readonly string[]): boolean {
  const programs = ['unshare', 'sh', 'node', 'setpriv']
  return (
    programs.includes(basename(argv[0] ?? '')) &&
    argv.some((each) => each.startsWith('/') && each.endsWith('/lab/holder/main.ts'))
  )
}

function pidOf({ pid }: ProcessIdentity): number {
  return pid
}
