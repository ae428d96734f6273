import { readlinkSync } from 'node:fs'
import { identifyProcess, isAlive } from '#lab/run/process-identity.ts'

/** Labels of everything that a lab makes in an engine; nothing without them is ever touched. */
export const ownerLabel = 'meshyard.owner'
export const labLabel = 'meshyard.lab'

/** This process, so that whoever finds something of it can tell whether it still runs. */
export function thisOwner(): string {
  const identity = identifyProcess(process.pid)
  if (identity === undefined) throw new Error('this process runs')
  return [identity.boot, processNamespace(), identity.pid, identity.startTime].join('/')
}

/**
 * Whether the owner of something is known to have ended. Never of one in another process namespace, whose processes
 * cannot be seen from here.
 */
export function hasEnded(owner: string): boolean {
  const [boot, namespace, pid, startTime] = owner.split('/')
  if (boot === undefined || pid === undefined || startTime === undefined) return false
  const here = identifyProcess(process.pid)
  if (here === undefined) return false
  if (boot === here.boot && namespace !== processNamespace()) return false
  return !isAlive({ boot, pid: Number(pid), startTime })
}

function processNamespace(): string {
  return readlinkSync('/proc/self/ns/pid')
}
