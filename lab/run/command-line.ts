import { readFileSync } from 'node:fs'
import { errorCode } from './fault.ts'

/** The program of a process and its arguments; nothing when it has ended or is hidden from us. */
export function commandLineOf(pid: number): readonly string[] {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return line === '' ? [] : line.replace(/\0$/, '').split('\0')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(errorCode(error) ?? '')) return []
    throw error
  }
}
