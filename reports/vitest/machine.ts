import { execFileSync } from 'node:child_process'
import { availableParallelism, release } from 'node:os'
import type { RunRecord } from '#reports/record/record.ts'

export function readMachine(): RunRecord['machine'] {
  return {
    kernel: release(),
    node: process.version,
    cpus: availableParallelism(),
    firewall: outputOf('iptables', ['--version']),
  }
}

/** The commit of a checkout, with `+` behind it when files differ from it; undefined outside a checkout. */
export function readCommit(root: string): string | undefined {
  const commit = outputOf('git', ['-C', root, 'rev-parse', '--short=12', 'HEAD'])
  if (commit === undefined) return undefined
  const changes = outputOf('git', ['-C', root, '--no-optional-locks', 'status', '--porcelain'])
  return changes === '' ? commit : `${commit}+`
}

function outputOf(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    }).trim()
  } catch {
    // Not installed, or not there to be asked: the report goes without.
    return undefined
  }
}
