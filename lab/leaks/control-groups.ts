import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const mountPoint = '/sys/fs/cgroup'

/** Name of the control group that is left on purpose; its folder is the whole machine's. */
export const controlGroup: string = `meshyard-control-${randomUUID()}`

/**
 * The folders of the groups that this process is in, one for each hierarchy: what it and its descendants make is below
 * them, while what is beside them is others'.
 */
export function ownGroups(
  membership = readFileSync('/proc/self/cgroup', 'utf8'),
): readonly string[] {
  return membership
    .trim()
    .split('\n')
    .map((line) => {
      const [, controllers = '', ...path] = line.split(':')
      const hierarchy = controllers === '' ? 'unified' : controllers.replace(/^name=/, '')
      const separate = join(mountPoint, hierarchy)
      return join(existsSync(separate) ? separate : mountPoint, path.join(':'))
    })
    .filter((folder) => existsSync(folder))
}

/** Whether what is below our groups can be ours: not what engines and others that leave something on purpose make. */
export function isOurs(path: string): boolean {
  if (path.includes('meshyard-control-')) return path.endsWith(controlGroup)
  return !/docker|containerd|buildkit|[\da-f]{64}|\.(?:scope|slice|service)(?:\/|$)/.test(path)
}
