import { errorCode, messageOf } from '#lab/run/fault.ts'
import type { Console } from './command.ts'

/**
 * Lets a command go on whose reader has had enough, as `head` has: what it still writes goes nowhere. Where standard output
 * cannot be written for another reason, says so once and makes the exit code 1.
 */
export function watchOutputs({ stdout, stderr }: Pick<Console, 'stdout' | 'stderr'>): void {
  let told = false
  stdout.on('error', (error: unknown) => {
    if (told || errorCode(error) === 'EPIPE' || errorCode(error) === 'ERR_STREAM_DESTROYED') return
    told = true
    stderr.write(`Error: Cannot write to standard output: ${messageOf(error)}.\n`)
    process.once('exit', () => {
      process.exitCode = 1
    })
  })
  // There is nobody left to tell.
  stderr.on('error', () => {})
}
