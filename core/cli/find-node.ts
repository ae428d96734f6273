import { existsSync } from 'node:fs'
import { MeshError } from '#core/base/errors.ts'
import { loadPrefix } from '#core/kong/config/load-config.ts'
import { processStart, runningPid } from '#core/kong/pid-file.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandContext } from './command.ts'

/** A node that runs in a prefix. */
export interface FoundNode {
  readonly prefix: string
  readonly pid: number
  /** Tells this process from a later one with the same id. */
  readonly start: string | undefined
}

/** @throws MeshError `no such prefix: …`. */
export function findPrefix({ env, cwd, output }: CommandContext, flag: string | undefined): string {
  const prefix = loadPrefix({ conf: undefined, env, cwd, flags: { prefix: flag } })
  if (!existsSync(prefix)) throw new MeshError('no-such-prefix', `no such prefix: ${prefix}`)
  output.verbose(`prefix in use: ${prefix}`)
  return prefix
}

/** @throws MeshError when no node runs there. */
export function findNode(prefix: string): FoundNode {
  const pid = runningPid(prefix)
  if (pid === undefined) {
    throw new MeshError('not-running', `nginx not running in prefix: ${prefix}`)
  }
  return { prefix, pid, start: processStart(pid) }
}

/** Whether the node's process is gone before `timeoutMs` has passed. The kernel tells only a parent, so it is asked. */
export async function isGoneWithin({ pid, start }: FoundNode, timeoutMs: number): Promise<boolean> {
  if (start === undefined) return true
  const deadline = performance.now() + timeoutMs
  while (processStart(pid) === start) {
    if (performance.now() > deadline) return false
    await sleep(5)
  }
  return true
}
