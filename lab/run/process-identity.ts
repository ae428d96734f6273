import { readFileSync } from 'node:fs'
import { errorCode } from './fault.ts'
import { LabError } from './lab-error.ts'
import { processIds } from './process-ids.ts'

/** A process by number and start time, so that a reused number is never taken for it. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot, as /proc/PID/stat tells it. */
  readonly startTime: string
  /** The boot that `startTime` counts from. */
  readonly boot: string
}

/** The identity of a living process; nothing for one that has ended, also when its parent has not noticed yet. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid)
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined
  return { pid, startTime: stat.startTime, boot: bootId() }
}

/** Whether this very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identifyProcess(identity.pid)
  return now?.startTime === identity.startTime && now.boot === identity.boot
}

/** Sends a signal to this very process; does nothing when it has ended. @throws LabError when it is another user's. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if (errorCode(error) === 'EPERM') {
      throw new LabError(
        `Process ${identity.pid} belongs to another user; be that user, or set MESHYARD_HOME to have labs of your own.`,
      )
    }
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/** The living child of a process; the first one found when there are several. */
export function findChild(parent: number): ProcessIdentity | undefined {
  const pid = processIds().find((each) => readStat(each)?.parent === parent)
  return pid === undefined ? undefined : identifyProcess(pid)
}

/** The process group of a process; nothing when there is no such process. */
export function processGroupOf(pid: number): number | undefined {
  return readStat(pid)?.group
}

interface Stat {
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly startTime: string
}

function readStat(pid: number): Stat | undefined {
  const text = readText(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The command name may hold spaces and brackets; the fields after its last bracket are plain.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, group] = fields
  const startTime = fields[19]
  if (state === undefined || startTime === undefined) return undefined
  return { state, parent: Number(parent), group: Number(group), startTime }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
