import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { messageOf } from '#lab/run/fault.ts'
import { becomingRoot } from '#lab/run/privileges.ts'

/** Why a lab's namespaces cannot be made, and what would change that. */
export interface Refusal {
  readonly why: string
  readonly remedy: string
  /** The command that changes it, where a setting of the kernel is the reason. */
  readonly command?: readonly [string, ...string[]]
}

/** What is being done and what the machine said. */
export interface FailedStep {
  readonly kind: 'user' | 'net' | 'mnt' | 'pid'
  readonly doing: string
  readonly said: string
}

/** A setting of the kernel or a line of /proc/self/status by name; nothing when there is none. */
export type ReadSetting = (name: string) => string | undefined

/**
 * Makes, one after the other, what a lab lives in and finds the first that fails; nothing when all of it can be made.
 * Everything made is thrown away.
 */
export async function explainRefusal(): Promise<Refusal | undefined> {
  for (const { options, ...step } of steps(becomingRoot())) {
    // The first failure is the reason for those after it.
    // oxlint-disable-next-line no-await-in-loop
    const said = await attempt(options)
    if (said !== undefined) return explainStep({ ...step, said }, readSetting)
  }
  return undefined
}

interface Step extends Omit<FailedStep, 'said'> {
  readonly options: readonly string[]
}

function steps(root: readonly string[]): readonly Step[] {
  const mount = [...root, '--mount', '--propagation', 'private']
  const mountRun = ['sh', '-c', 'mount -t tmpfs -o mode=755 meshyard /run']
  const inUser: readonly Step[] = [
    { kind: 'user', doing: 'make a user namespace', options: ['--user', 'true'] },
    { kind: 'user', doing: 'be root in a user namespace', options: [...root, 'true'] },
  ]
  return [
    ...(root.length === 0 ? [] : inUser),
    { kind: 'net', doing: 'make a network namespace', options: [...root, '--net', 'true'] },
    { kind: 'mnt', doing: 'make a mount namespace', options: [...mount, 'true'] },
    { kind: 'mnt', doing: 'mount a file system of its own', options: [...mount, ...mountRun] },
    {
      kind: 'pid',
      doing: 'make a process namespace',
      options: [...root, '--pid', '--fork', 'true'],
    },
    {
      kind: 'pid',
      doing: 'mount a /proc of its own',
      options: [...mount, '--pid', '--fork', '--mount-proc', 'true'],
    },
  ]
}

/** What unshare or the command in it wrote when it failed. */
async function attempt(options: readonly string[]): Promise<string | undefined> {
  try {
    await promisify(execFile)('unshare', options, { env: { ...process.env, LC_ALL: 'C' } })
    return undefined
  } catch (error) {
    const wrote = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return wrote || messageOf(error)
  }
}

/** Names the setting that is behind a failure; the failure itself was found by doing. */
export function explainStep({ kind, doing, said }: FailedStep, read: ReadSetting): Refusal {
  if (said.includes('ENOENT')) {
    return {
      why: 'There is no unshare on PATH.',
      remedy: 'Install the Debian package util-linux.',
    }
  }
  const failed = `This machine does not let this user ${doing} (${said}): `
  const limit = `user.max_${kind}_namespaces`
  if (/no space left/i.test(said)) {
    const value = read(limit) ?? 'unknown'
    const why = value === '0' ? `${limit} is 0.` : `all ${value} that ${limit} allows are in use.`
    return setting(`${failed}${why}`, `${limit}=${usualLimit}`)
  }
  const switches = kind === 'user' || read('CapEff') === noCapabilities
  if (switches && read('kernel.unprivileged_userns_clone') === '0') {
    const name = 'kernel.unprivileged_userns_clone'
    return setting(`${failed}${name} is 0, which keeps user namespaces to root.`, `${name}=1`)
  }
  if (switches && read('kernel.apparmor_restrict_unprivileged_userns') === '1') {
    const name = 'kernel.apparmor_restrict_unprivileged_userns'
    return setting(`${failed}${name} is 1, so AppArmor takes all rights away there.`, `${name}=0`)
  }
  if (doing.includes('/proc') && /not permitted|denied/i.test(said)) {
    return {
      why: `${failed}parts of /proc are covered, as in most containers.`,
      remedy: 'Start the container with --privileged or --security-opt systempaths=unconfined.',
    }
  }
  if (read('Seccomp') === '2') {
    return {
      why: `${failed}a filter of system calls (seccomp) is in force, as in most containers.`,
      remedy: 'Start the container with --privileged or --security-opt seccomp=unconfined.',
    }
  }
  if (/invalid argument|not implemented/i.test(said)) {
    return {
      why: `${failed}this kernel was built without such namespaces.`,
      remedy: 'Use a kernel with CONFIG_USER_NS, CONFIG_NET_NS and CONFIG_PID_NS.',
    }
  }
  return {
    why: `${failed}no setting of the kernel says why; a changed root folder (chroot) or a security module does this.`,
    remedy: 'Run it outside of that, or as root.',
  }
}

/** What kernels of machines with two gigabytes have by themselves. */
const usualLimit = 15_000
const noCapabilities = '0000000000000000'

function setting(why: string, assignment: string): Refusal {
  const command = ['sysctl', '-w', assignment] as const
  return { why, remedy: `Run "sudo ${command.join(' ')}", or the lab as root.`, command }
}

function readSetting(name: string): string | undefined {
  try {
    if (name.includes('.')) {
      return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim()
    }
    const status = readFileSync('/proc/self/status', 'utf8')
    return new RegExp(String.raw`^${name}:\s*(\S+)$`, 'm').exec(status)?.[1]
  } catch {
    // A kernel without that setting.
    return undefined
  }
}
