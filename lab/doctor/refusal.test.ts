import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { explainRefusal, explainStep } from './refusal.ts'

const notPermitted = 'unshare: unshare failed: Operation not permitted'
const noSpace = 'unshare: unshare failed: No space left on device'
const user = { kind: 'user', doing: 'make a user namespace' } as const

describe(explainStep, () => {
  const cases = [
    {
      settings: { 'kernel.unprivileged_userns_clone': '0' },
      said: notPermitted,
      why: 'kernel.unprivileged_userns_clone is 0, which keeps user namespaces to root.',
      remedy: 'Run "sudo sysctl -w kernel.unprivileged_userns_clone=1", or the lab as root.',
    },
    {
      settings: { 'kernel.apparmor_restrict_unprivileged_userns': '1', Seccomp: '0' },
      said: 'unshare: write failed /proc/self/uid_map: Operation not permitted',
      why: 'kernel.apparmor_restrict_unprivileged_userns is 1, so AppArmor takes all rights away there.',
      remedy:
        'Run "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", or the lab as root.',
    },
    {
      settings: { 'user.max_user_namespaces': '0' },
      said: noSpace,
      why: 'user.max_user_namespaces is 0.',
      remedy: 'Run "sudo sysctl -w user.max_user_namespaces=15000", or the lab as root.',
    },
    {
      settings: { 'user.max_user_namespaces': '31' },
      said: noSpace,
      why: 'all 31 that user.max_user_namespaces allows are in use.',
      remedy: 'Run "sudo sysctl -w user.max_user_namespaces=15000", or the lab as root.',
    },
    {
      settings: { 'kernel.unprivileged_userns_clone': '1', Seccomp: '2' },
      said: notPermitted,
      why: 'a filter of system calls (seccomp) is in force, as in most containers.',
      remedy: 'Start the container with --privileged or --security-opt seccomp=unconfined.',
    },
    {
      settings: {},
      said: 'unshare: unshare failed: Invalid argument',
      why: 'this kernel was built without such namespaces.',
      remedy: 'Use a kernel with CONFIG_USER_NS, CONFIG_NET_NS and CONFIG_PID_NS.',
    },
  ]
  it.for(cases)('names the reason: $why', ({ settings, said, why, remedy }) => {
    const read = (name: string): string | undefined => new Map(Object.entries(settings)).get(name)
    expect(explainStep({ ...user, said }, read)).toMatchObject({
      why: `This machine does not let this user make a user namespace (${said}): ${why}`,
      remedy,
    })
  })
})

describe(explainRefusal, () => {
  it('finds nothing to explain where labs can be made', async () => {
    expect(await explainRefusal()).toBeUndefined()
  })

  /** Takes the rights of root away. */
  const ordinary = 'setpriv --bounding-set=-all --inh-caps=-all --no-new-privs'
  // Limits of a user namespace count for what is made below it, so each refusal is real and this machine keeps its own.
  const limited = ['user', 'net', 'mnt', 'pid'].map((kind) => ({
    what: `a limit of no ${kind} namespaces`,
    refuse: `echo 0 >/proc/sys/user/max_${kind}_namespaces; ${kind === 'user' ? ordinary : ''}`,
    why: `user.max_${kind}_namespaces is 0.`,
  }))
  it.for([
    ...limited,
    {
      what: 'a /proc that is covered',
      // A cover counts for namespaces below the one it was made in.
      refuse: 'mount -t tmpfs cover /proc/sys/fs && unshare --user --map-root-user --mount',
      why: 'parts of /proc are covered, as in most containers.',
    },
    {
      what: 'a changed root folder',
      refuse: `mount --rbind / "$1" && chroot "$1" ${ordinary}`,
      why: 'no setting of the kernel says why; a changed root folder (chroot) or a security module does this.',
    },
  ])('tells of $what by what fails', { timeout: 120_000 }, ({ what, refuse, why }) => {
    const folder = mkdtempSync(join(tmpdir(), 'refusal-'))
    try {
      const { stdout, stderr } = tellRefusal(refuse, folder)
      expect({ what, stderr }).toStrictEqual({ what, stderr: '' })
      expect(JSON.parse(stdout).why).toContain(why)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** Asks for the reason where a shell command has made it so. */
function tellRefusal(refuse: string, folder: string): { stdout: string; stderr: string } {
  const ask = `
    const { explainRefusal } = await import(${JSON.stringify(join(import.meta.dirname, 'refusal.ts'))})
    console.log(JSON.stringify(await explainRefusal()))`
  const script = `${refuse} "$2" --input-type=module --eval "$3"`
  const inside = ['sh', '-c', script, 'sh', folder, process.execPath, ask]
  const options = ['--user', '--map-root-user', '--mount', '--propagation', 'private']
  return spawnSync('unshare', [...options, ...inside], { encoding: 'utf8' })
}
