import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { commandLineOf } from '#lab/run/command-line.ts'
import { errorCode } from '#lab/run/fault.ts'
import { until } from '#lab/run/until.ts'
import { controlGroup, ownGroups } from './control-groups.ts'
import { runHere } from './run-here.ts'
import type { Machine } from './machine.ts'
import { compareTraces } from './traces.ts'
import { untilNone } from './until-none.ts'

export interface ControlsOptions {
  /** A folder that is part of the traces. */
  readonly folder: string
  readonly machine: Pick<Machine, 'take' | 'controls'>
}

const withinMs = 5_000

/**
 * Leaves something of each kind on purpose, sees that the traces show it, and takes it away again. Returns the kinds
 * that were seen.
 * @throws Error when something left behind is not seen, or is still seen once it is gone.
 */
export async function provePositive({
  folder,
  machine,
}: ControlsOptions): Promise<readonly string[]> {
  const seen: string[] = []
  const before = await machine.take()
  const differences = async (): Promise<readonly string[]> =>
    compareTraces(before, await machine.take())
  for (const [kind, leave] of Object.entries(machine.controls)) {
    // One after the other: each is to be seen by itself.
    // oxlint-disable no-await-in-loop
    const takeAway = await leave(folder)
    if (takeAway === undefined) continue
    const found = (await differences()).some((fault) => fault.startsWith(`${kind}:`))
    await takeAway()
    if (!found) throw new Error(`What was left on purpose is not seen: ${kind}`)
    const still = await untilNone(differences, { withinMs })
    if (still.length > 0) throw new Error(`Still seen after ${kind}: ${still.join('; ')}`)
    // oxlint-enable no-await-in-loop
    seen.push(kind)
  }
  return seen
}

type TakeAway = () => unknown
/** Leaves something on purpose, and tells how to take it away; nothing when this machine does not allow it. */
export type Leave = (folder: string) => Promise<TakeAway | undefined>

/** One of each kind that a machine without an engine has. */
export const controls: Readonly<Record<string, Leave>> = {
  links: leaving('ip link add left type veth peer name over', 'ip link del left'),
  addresses: leaving('ip address add 192.0.2.1/32 dev lo', 'ip address del 192.0.2.1/32 dev lo'),
  routes: leaving('ip route add 192.0.2.0/24 dev lo', 'ip route del 192.0.2.0/24 dev lo'),
  policyRules: leaving('ip rule add fwmark 77 lookup 77', 'ip rule del fwmark 77 lookup 77'),
  firewall: leaving('nft add table inet left', 'nft delete table inet left'),
  namedNamespaces: leaving('ip netns add left', 'ip netns delete left'),
  mounts: leaving('mount -t tmpfs left "$1"/mount', 'umount "$1"/mount'),
  sysctls: leaving(
    'sysctl -qw net.ipv4.ip_default_ttl=65',
    'sysctl -qw net.ipv4.ip_default_ttl=64',
  ),
  files: leaving('touch "$1"/left', 'rm "$1"/left'),
  processes: leavingProcess(['sleep', 'infinity']),
  namespaces: leavingProcess(['unshare', '--net', 'sleep', 'infinity']),
  cgroups: async () => {
    const [group] = ownGroups()
    if (group === undefined) return undefined
    const path = join(group, controlGroup)
    try {
      mkdirSync(path)
    } catch (error) {
      if (['EACCES', 'EROFS', 'ENOENT', 'EPERM'].includes(errorCode(error) ?? '')) return undefined
      throw error
    }
    return () => {
      rmdirSync(path)
    }
  },
}

function leaving(command: string, undo: string): Leave {
  return async (folder) => {
    await runHere(command, [folder])
    return () => runHere(undo, [folder])
  }
}

function leavingProcess([program, ...args]: readonly [string, ...string[]]): Leave {
  return async () => {
    const child = spawn(program, args, { stdio: 'ignore' })
    await once(child, 'spawn')
    const { pid = 0 } = child
    // What is seen is the last program of the command, once it has taken over.
    await until(() => commandLineOf(pid).join(' ') === 'sleep infinity', { withinMs })
    return async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }
}
