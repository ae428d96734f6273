import { readlinkSync } from 'node:fs'
import { errorCode } from './fault.ts'
import { processIds } from './process-ids.ts'

/** Processes of this machine that live and work in a folder or below it: all those of the lab that runs there. */
export function processesWorkingIn(folder: string): readonly number[] {
  return processIds().filter((pid) => {
    const at = workingDirectory(pid)
    return at === folder || at?.startsWith(`${folder}/`) === true || at === `${folder} (deleted)`
  })
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch (error) {
    // Gone meanwhile, or hidden from us, which a process that we started never is.
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}
