import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

/** What Mininet needs for a Linux bridge, as paths of Debian's packages mininet and bridge-utils. */
const programs = ['/usr/bin/mn', '/usr/sbin/brctl']

/**
 * Milliseconds of `mn` from its start to its end with so many hosts on one Linux bridge: it makes them and removes them,
 * without rules, routing or IPv6. Undefined where Mininet is not installed.
 *
 * It runs in namespaces of its own, since it ends processes by their names, and may not write settings of the kernel.
 */
export async function timeMininet(hosts: number): Promise<number | undefined> {
  if (!programs.every((program) => existsSync(program))) return undefined
  const steps = [
    'mount --bind /proc/sys /proc/sys',
    'mount -o remount,ro,bind /proc/sys',
    'ip link set lo up',
    `exec mn --topo single,${hosts} --switch lxbr --controller none --test none`,
  ]
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
  const startedAt = performance.now()
  const child = spawn('unshare', [...namespaces, 'sh', '-ec', steps.join('\n')], {
    stdio: 'ignore',
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`mn with ${hosts} hosts ended with exit code ${code}`)
  return performance.now() - startedAt
}
