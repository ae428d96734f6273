import { readFileSync } from 'node:fs'
import { errorCode } from './fault.ts'

/** The text of a file; empty when there is none. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
}
