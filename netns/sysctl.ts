import { existsSync, writeFileSync } from 'node:fs'
import type { NetworkNamespace } from './namespace.ts'

export type Sysctls = Readonly<Record<string, string>>

/**
 * Writes kernel settings of a namespace. In keys a dot separates and a slash stands for a dot, as in sysctl.conf(5):
 * `net.ipv4.conf.eth0/1.rp_filter`.
 * @throws Error that names the key when it is unknown or its value is refused.
 */
export function writeSysctls(namespace: NetworkNamespace, sysctls: Sysctls): void {
  namespace.run(() => {
    for (const [key, value] of Object.entries(sysctls)) writeSysctl(namespace.label, key, value)
  })
}

/**
 * Settings with those of a quiet network where they name no others, for the families this kernel has: forwarding is
 * off, and IPv6 addresses are usable at once. Without the latter a link has no address to ask for its neighbours from
 * during its first second or two, and what goes through it waits as long.
 */
export function withDefaultSysctls(sysctls: Sysctls): Sysctls {
  return { ...ipv4Defaults, ...(existsSync('/proc/sys/net/ipv6') ? ipv6Defaults : {}), ...sysctls }
}

const ipv4Defaults: Sysctls = { 'net.ipv4.ip_forward': '0' }

const ipv6Defaults: Sysctls = {
  'net.ipv6.conf.all.forwarding': '0',
  'net.ipv6.conf.all.accept_dad': '0',
  'net.ipv6.conf.default.accept_dad': '0',
}

/** Whether a key is one that can belong to a network namespace; all else would change the whole machine. */
export function isNetworkKey(key: string): boolean {
  return /^net(\.\w[\w/:-]*)+$/.test(key)
}

/** The file of a key; which namespace it is of is a matter of who opens it. */
export function sysctlPath(key: string): string {
  return `/proc/sys/${key.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'))}`
}

function writeSysctl(label: string, key: string, value: string): void {
  const refused = `Cannot set sysctl ${key} to "${value}" in ${label}`
  if (!isNetworkKey(key))
    throw new Error(`${refused}: only keys below "net." belong to a namespace`)
  try {
    // Never creates: /proc answers ENOENT for an unknown key.
    writeFileSync(sysctlPath(key), value, { flag: 'r+' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Error(`${refused}: ${reasons[code] ?? code}`, { cause: error })
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such key',
  EINVAL: 'the kernel refuses this value (EINVAL)',
  EACCES: 'the key is read-only or belongs to the whole machine (EACCES)',
  EPERM: 'permission denied (EPERM); it needs root in the namespace',
}
