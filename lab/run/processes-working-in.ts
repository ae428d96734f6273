import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errorCode } from './fault.ts'
import { processIds } from './process-ids.ts'

/**
 * Processes of this machine that live and work in a folder or below it: all those of the lab that runs there. `path` may lead
 * to it through links, and it may be gone.
 */
export function processesWorkingIn(path: string): readonly number[] {
  const folder = realPath(path)
  return processIds().filter((pid) => {
    const at = workingDirectory(pid)
    return at === folder || at?.startsWith(`${folder}/`) === true || at === `${folder} (deleted)`
  })
}

/** Names of folders in a folder that are gone while processes work there still. */
export function removedFoldersIn(path: string): readonly string[] {
  const folder = realPath(path)
  const names = processIds().flatMap((pid) => {
    const at = workingDirectory(pid) ?? ''
    return dirname(at) === folder && at.endsWith(' (deleted)') ? basename(at, ' (deleted)') : []
  })
  return [...new Set(names)]
}

/** What is not there any more was where the folder above it is. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    const above = dirname(path)
    if (above === path || errorCode(error) === 'ELOOP') return path
    return join(realPath(above), basename(path))
  }
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
