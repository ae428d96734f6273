import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * Whether this process can see and reach the processes of one lab and no others. A lab's first process is the parent of
 * its holder; nowhere else is a holder the child of process 1.
 */
export function isInsideLab(proc = '/proc'): boolean {
  try {
    // Dangling when /proc is that of a process namespace that this process is not in.
    readlinkSync(`${proc}/self`)
  } catch {
    return false
  }
  return readdirSync(proc).some((pid) => /^\d+$/.test(pid) && isHolderBelowFirst(`${proc}/${pid}`))
}

function isHolderBelowFirst(folder: string): boolean {
  try {
    const argv = readFileSync(`${folder}/cmdline`, 'utf8').split('\0')
    if (!argv.some((argument) => argument.endsWith('/lab/holder/main.ts'))) return false
    return /^PPid:\t1$/m.test(readFileSync(`${folder}/status`, 'utf8'))
  } catch {
    // It has ended meanwhile.
    return false
  }
}
