import { readdirSync, readlinkSync } from 'node:fs'
import { errorCode } from './fault.ts'

/** Processes of this machine that live and work in a folder or below it: all those of the lab that runs there. */
export function processesWorkingIn(folder: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const at = workingDirectory(pid)
      return at === folder || at?.startsWith(`${folder}/`) === true || at === `${folder} (deleted)`
    })
    .map(Number)
}

function workingDirectory(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch (error) {
    // Gone meanwhile, or hidden from us, which a process that we started never is.
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}
