import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandLineOf } from '#lab/run/command-line.ts'
import { until } from '#lab/run/until.ts'
import { runHere } from './run-here.ts'

/**
 * Makes what belongs to somebody else, next to where the labs are and named much as theirs: a namespace with a link and
 * a process in it, a link, a mount, files, and a rule. They are part of the traces, so they have to be there to the end.
 */
export async function placeForeign(folder: string): Promise<void> {
  mkdirSync(join(folder, 'mount'), { recursive: true })
  writeFileSync(join(folder, 'lab.json'), '{"version":1,"wrapper":{"pid":1}}\n')
  await runHere(
    `ip link set lo up
     ip netns add kong-a
     ip -n kong-a link add eth0 type veth peer name dn0
     ip link add meshyard0 type veth peer name meshyard1
     nft add table inet mesh
     mount -t tmpfs theirs "$1"/mount`,
    [folder],
  )
  const child = spawn('ip', ['netns', 'exec', 'kong-a', 'sleep', 'infinity'], {
    cwd: folder,
    stdio: 'ignore',
  })
  child.unref()
  await once(child, 'spawn')
  const { pid = 0 } = child
  await until(() => commandLineOf(pid)[0] === 'sleep', { withinMs: 5_000 })
}
