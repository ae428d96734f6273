import { readlinkSync } from 'node:fs'
import type { ProcessIdentity } from '#lab/run/process-identity.ts'

export interface EnterOptions {
  /** The lab's first process. */
  readonly init: ProcessIdentity
  /** Name of a network namespace of the lab. Default: that of the holder, which no node is in. */
  readonly namespace?: string
}

/**
 * The command that runs what is appended to it inside a lab, as its root: in a node's network, with the lab's mounts and
 * processes. It ends when the one who started it does.
 */
export function enterCommand({ init, namespace }: EnterOptions): readonly [string, ...string[]] {
  const { pid } = init
  const network = namespace === undefined ? '' : `=/proc/${pid}/root/run/netns/${namespace}`
  return [
    'nsenter',
    `--target=${pid}`,
    ...becomingItsRoot(pid),
    '--mount',
    '--pid',
    `--net${network}`,
    '--',
    // The command lives in another process namespace and would not notice that this end of it is gone.
    'setpriv',
    '--pdeathsig=KILL',
    '--',
  ]
}

/** Whether a lab's first process has a user namespace of its own, as the labs of ordinary users have. */
export function isRootless({ pid }: Pick<ProcessIdentity, 'pid'>): boolean {
  return readlinkSync(`/proc/${pid}/ns/user`) !== readlinkSync('/proc/self/ns/user')
}

/** A user's own lab has the user as its root; another root changes into that user. */
function becomingItsRoot(pid: number): readonly string[] {
  if (!isRootless({ pid })) return []
  return process.geteuid?.() === 0 ? ['--user'] : ['--user', '--preserve-credentials']
}
