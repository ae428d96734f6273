import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs'
import { errorCode } from '#lab/run/fault.ts'
import { findChild } from '#lab/run/process-identity.ts'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'
import { readRunState } from '#lab/run/run-folder.ts'
import { until } from '#lab/run/until.ts'
import { readPause } from '#lab/runtime/containers/pauses-file.ts'
import { signalIfThere, type LabCommand } from './lab-command.ts'
import type { MemoryGroup } from './memory-group.ts'
import type { Harm } from './moments.ts'
import { feed, findGlutton } from './victim-topology.ts'

/** What harm is done to. */
export interface Victim {
  readonly command: LabCommand
  /** Run folder of the lab. */
  readonly folder: string
  /** A network namespace of its topology. */
  readonly namespace: string
  /** File that takes the room that is left on the disk. */
  readonly filler: string
  /** Where the kernel kills for memory; undefined where the harm is another. */
  readonly memory: MemoryGroup | undefined
}

const startsWithinMs = 10_000
const killedWithinMs = 10_000

/** Does one kind of harm to whatever of the lab is there by now, at least to the command; tells whether a lab was there. */
export async function doHarm(harm: Harm, victim: Victim): Promise<boolean> {
  const { command, folder, namespace, filler, memory } = victim
  const { wrapper, first, holder } = partsOf(folder, namespace)
  const signal = (pid: number | undefined, name: NodeJS.Signals): void => {
    signalIfThere(pid ?? command.pid, name)
  }
  switch (harm) {
    case 'SIGKILL of the command':
    case 'SIGKILL of command at fault':
    case 'terminal closed':
      // The terminal belongs to script(1) and ends with it.
      signal(command.pid, 'SIGKILL')
      break
    case 'SIGKILL of the wrapper':
      signal(wrapper, 'SIGKILL')
      break
    case 'SIGKILL of the first process':
      signal(first, 'SIGKILL')
      break
    case 'SIGKILL of the holder':
    case 'SIGKILL of holder at fault':
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
    case 'node killed for memory':
      if (memory !== undefined) await starve(victim, memory)
      break
    case 'node out of memory':
    default:
      feed(folder, 'modest')
  }
  return holder !== undefined
}

/** Gives back what `doHarm` took from others than the lab. */
export function undoHarm({ filler }: Pick<Victim, 'filler'>): void {
  rmSync(filler, { force: true })
}

/** Has the kernel kill the node that eats; waits for it to be there, unless the command ends before. */
async function starve({ command, folder }: Victim, memory: MemoryGroup): Promise<void> {
  let over = false
  void command.ended.then(() => {
    over = true
    return undefined
  })
  await until(() => over || findGlutton(folder) !== undefined, { withinMs: startsWithinMs })
  const glutton = findGlutton(folder)
  if (glutton === undefined) return
  try {
    memory.add(glutton)
  } catch (error) {
    // It has ended in this moment.
    if (errorCode(error) === 'ESRCH') return
    throw error
  }
  feed(folder, 'huge')
  await until(() => memory.killed() > 0 || !existsSync(`/proc/${glutton}`), {
    withinMs: killedWithinMs,
  })
}

/**
 * The processes that a lab hangs on, by number; those that are there by now. `first`: of the lab's process namespace, or of
 * that of one network namespace where each has its own, as containers have.
 */
export function partsOf(
  folder: string,
  namespace: string,
): Readonly<Partial<Record<'wrapper' | 'first' | 'holder', number>>> {
  const state = existsSync(folder) ? readRunState(folder) : undefined
  const wrapper = state?.wrapper.pid
  const child = wrapper === undefined ? undefined : findChild(wrapper)?.pid
  const isContained = state?.backend === 'containers'
  const first = isContained ? readPause(folder, namespace)?.pid : child
  const holder = isContained || child === undefined ? child : findChild(child)?.pid
  return {
    ...(wrapper !== undefined && { wrapper }),
    ...(first !== undefined && { first }),
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
