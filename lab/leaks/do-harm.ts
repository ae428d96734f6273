import { closeSync, existsSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '#lab/run/fault.ts'
import { findChild } from '#lab/run/process-identity.ts'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'
import { readRunState } from '#lab/run/run-folder.ts'
import { signalIfThere, type LabCommand } from './lab-command.ts'
import type { Harm } from './moments.ts'
import { appetiteFile } from './victim-topology.ts'

/** What harm is done to. */
export interface Victim {
  readonly command: LabCommand
  /** Run folder of the lab. */
  readonly folder: string
  /** File that takes the room that is left on the disk. */
  readonly filler: string
}

/** Does one kind of harm to whatever of the lab is there by now, at least to the command; tells whether a lab was there. */
export function doHarm(harm: Harm, { command, folder, filler }: Victim): boolean {
  const { wrapper, init, holder } = partsOf(folder)
  const signal = (pid: number | undefined, name: NodeJS.Signals): void => {
    signalIfThere(pid ?? command.pid, name)
  }
  switch (harm) {
    case 'SIGKILL of the command':
    case 'terminal closed':
      // The terminal belongs to script(1) and ends with it.
      signal(command.pid, 'SIGKILL')
      break
    case 'SIGKILL of the wrapper':
      signal(wrapper, 'SIGKILL')
      break
    case 'SIGKILL of the first process':
      signal(init, 'SIGKILL')
      break
    case 'SIGKILL of the holder':
      signal(holder, 'SIGKILL')
      break
    case 'SIGKILL of all processes':
      for (const pid of [...processesWorkingIn(folder), command.pid]) signal(pid, 'SIGKILL')
      break
    case 'SIGTERM to the command':
      signal(command.pid, 'SIGTERM')
      break
    case 'SIGTERM to the holder':
      signal(holder, 'SIGTERM')
      break
    case 'SIGINT to the command':
      command.signalGroup('SIGINT')
      break
    case 'SIGHUP to the command':
      command.signalGroup('SIGHUP')
      break
    case 'disk full':
      fillUp(filler)
      break
    case 'node out of memory':
    default:
      writeIfPossible(join(folder, appetiteFile))
  }
  return holder !== undefined
}

/** Gives back what `doHarm` took from others than the lab. */
export function undoHarm({ filler }: Pick<Victim, 'filler'>): void {
  rmSync(filler, { force: true })
}

/** The processes that a lab hangs on, by number; those that are there by now. */
export function partsOf(
  folder: string,
): Readonly<Partial<Record<'wrapper' | 'init' | 'holder', number>>> {
  const wrapper = existsSync(folder) ? readRunState(folder)?.wrapper.pid : undefined
  const init = wrapper === undefined ? undefined : findChild(wrapper)?.pid
  const holder = init === undefined ? undefined : findChild(init)?.pid
  return {
    ...(wrapper !== undefined && { wrapper }),
    ...(init !== undefined && { init }),
    ...(holder !== undefined && { holder }),
  }
}

function fillUp(file: string): void {
  const descriptor = openSync(file, 'w')
  try {
    for (let size = 1 << 20; size > 0; size >>= 1) {
      const block = Buffer.alloc(size)
      while (fits(descriptor, block)) continue
    }
  } finally {
    closeSync(descriptor)
  }
}

function fits(descriptor: number, block: Buffer): boolean {
  try {
    return writeSync(descriptor, block) === block.length
  } catch (error) {
    if (errorCode(error) === 'ENOSPC') return false
    throw error
  }
}

/** So early that the folder is not there yet: then nobody is there who could be hungry. */
function writeIfPossible(file: string): void {
  try {
    writeFileSync(file, '')
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
