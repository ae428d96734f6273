import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { errorCode } from '#lab/run/fault.ts'

/** Where control groups are seen. */
export const mountPoint = '/sys/fs/cgroup'

/** Names that begin so are those of groups that are made on purpose; their folder is the whole machine's. */
export const onPurpose = 'meshyard-control-'

/** Name of the control group that is left on purpose. */
export const controlGroup: string = `${onPurpose}${randomUUID()}`

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

/**
 * Moves this process into a group of that name of its own in each hierarchy that lets it: what others on this machine make
 * meanwhile is not below these. They stay behind it; `removeGroups` removes them.
 */
export function enterGroups(name: string): void {
  for (const parent of ownGroups()) {
    const folder = join(parent, name)
    try {
      mkdirSync(folder)
    } catch {
      // Not ours to change: there we stay among others.
      continue
    }
    try {
      writeFileSync(join(folder, 'cgroup.procs'), String(process.pid))
    } catch {
      // One of processors is of no use before it has some.
      rmdirSync(folder)
    }
  }
}

/** Whether what is below our groups can be ours: not what engines and others that leave something on purpose make. */
export function isOurs(path: string): boolean {
  if (path.includes(onPurpose)) return path.endsWith(controlGroup)
  return !/docker|containerd|buildkit|[\da-f]{64}|\.(?:scope|slice|service)(?:\/|$)/.test(path)
}

/** The groups of an engine that has made one of the name of its folder, and all below it. */
export function groupsNamed(engineFolder: string): readonly string[] {
  const name = basename(engineFolder)
  return readdirSync(mountPoint)
    .map((hierarchy) => join(mountPoint, hierarchy, name))
    .flatMap((folder) => (existsSync(folder) ? listFolders(folder) : []))
    .toSorted()
}

/** Groups come and go while they are read: one that is gone has nothing below it. */
function listFolders(folder: string): readonly string[] {
  return foldersIn(folder).flatMap((each) => [each, ...listFolders(each)])
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((each) => each.isDirectory())
      .map(({ name }) => join(folder, name))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}
