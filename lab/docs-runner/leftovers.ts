import { readdirSync, readFileSync } from 'node:fs'
import type { StepResult } from './run-page.ts'

/** What is claimed of a page in surroundings of its own. */
export const noneLeft = 'no process is left'

/** The command lines of all processes but the first one and this one; those that have ended and were not waited for are none. */
export function findLeftovers(proc = '/proc', own: readonly number[] = [1, process.pid]): string[] {
  return readdirSync(proc).flatMap((name) => {
    if (!/^\d+$/.test(name) || own.includes(Number(name))) return []
    try {
      const command = readFileSync(`${proc}/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return command === '' ? [] : [command]
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

export function judgeLeftovers(commands: readonly string[]): StepResult {
  return {
    kind: 'end',
    line: 1,
    title: noneLeft,
    exitCode: undefined,
    expected: undefined,
    printed: commands.join('\n'),
    durationMs: 0,
    verdict: commands.length === 0 ? 'true' : 'untrue',
    fault: commands.length === 0 ? undefined : 'the page ends, and these still run',
  }
}
