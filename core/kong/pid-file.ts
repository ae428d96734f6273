import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MeshError } from '#core/base/errors.ts'
import { prefixPaths } from './prefix.ts'

/** The process id of the node that runs in a prefix; undefined when none does, whatever a stale pid file says. */
export function runningPid(prefix: string): number | undefined {
  const { pidFile } = prefixPaths(prefix)
  const pid = readPid(pidFile)
  return pid !== undefined && isRunning(pidFile, pid) ? pid : undefined
}

/**
 * Makes this process the node of the prefix. Of several that try at the same moment one wins. Disposing gives the
 * prefix back.
 * @throws MeshError `already-running`.
 */
export function claimPrefix(prefix: string): Disposable {
  const { pidFile } = prefixPaths(prefix)
  const startFile = startFileOf(pidFile, process.pid)
  const draft = `${pidFile}.${process.pid}.new`
  writeFileSync(startFile, `${processStart(process.pid)}\n`)
  writeFileSync(draft, `${process.pid}\n`)
  try {
    while (!succeeds(() => linkSync(draft, pidFile), 'EEXIST')) {
      if (!removeStale(pidFile)) {
        rmSync(startFile, { force: true })
        throw alreadyRunning(prefix)
      }
    }
  } finally {
    rmSync(draft, { force: true })
  }
  return {
    [Symbol.dispose]: () => {
      if (readPid(pidFile) === process.pid) rmSync(pidFile, { force: true })
      rmSync(startFile, { force: true })
    },
  }
}

export function alreadyRunning(prefix: string): MeshError {
  return new MeshError('already-running', `Kong is already running in ${prefix}`)
}

/** Start time in clock ticks since boot; undefined when there is no such process, or only its zombie. */
export function processStart(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The command's name, in parentheses, may hold anything: count fields from its end.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** False = the file names a process that runs. Moves the file aside first, lest it take away a newer one. */
function removeStale(pidFile: string): boolean {
  const pid = readPid(pidFile)
  if (pid !== undefined && isRunning(pidFile, pid)) return false
  const aside = `${pidFile}.${process.pid}.old`
  if (!succeeds(() => renameSync(pidFile, aside), 'ENOENT')) return true
  const moved = readPid(aside)
  const alive = moved !== undefined && isRunning(pidFile, moved)
  if (alive) succeeds(() => linkSync(aside, pidFile), 'EEXIST')
  else if (moved !== undefined) rmSync(startFileOf(pidFile, moved), { force: true })
  rmSync(aside, { force: true })
  return !alive
}

/** A process id may have been given to another process since; then its start time differs from the one on file. */
function isRunning(pidFile: string, pid: number): boolean {
  const began = processStart(pid)
  const recorded = readText(startFileOf(pidFile, pid))?.trim()
  return began !== undefined && (recorded === undefined || recorded === began)
}

function startFileOf(pidFile: string, pid: number): string {
  return join(dirname(pidFile), `${pid}.start`)
}

function readPid(path: string): number | undefined {
  const pid = Number(readText(path)?.trim())
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function succeeds(action: () => void, expectedFault: 'EEXIST' | 'ENOENT'): boolean {
  try {
    action()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === expectedFault) return false
    throw error
  }
}
