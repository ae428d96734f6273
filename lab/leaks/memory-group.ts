import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errorCode, messageOf } from '#lab/run/fault.ts'
import { until } from '#lab/run/until.ts'
import { mountPoint, onPurpose, ownGroups } from './control-groups.ts'

/** A control group that may have little memory; who takes more in it is killed by the kernel. */
export interface MemoryGroup extends AsyncDisposable {
  readonly folder: string
  /** Moves a process into the group; what it starts from then on is in it, too. */
  add(pid: number): void
  /** How many processes of the group the kernel has killed for want of memory. */
  killed(): number
}

/** Name of the groups of a campaign that has this folder. */
export function groupOf(home: string): string {
  return `${onPurpose}${basename(home)}`
}

/** The files by which the two versions of control groups say it. */
const versions = [
  { limit: 'memory.max', told: 'memory.events' },
  { limit: 'memory.limit_in_bytes', told: 'memory.oom_control' },
] as const

const emptyWithinMs = 5_000

/**
 * Makes a group of that name, next to ours or as near above as this machine's groups of memory allow. It is gone once it
 * is disposed of, which waits until whoever is in it has ended.
 * @throws Error that says why this machine gives none.
 */
export function openMemoryGroup(name: string, bytes: number): MemoryGroup {
  const refusals: string[] = []
  for (const parent of memoryGroups()) {
    const folder = join(parent, name)
    try {
      mkdirSync(folder)
    } catch (error) {
      if (errorCode(error) === 'EEXIST') throw error
      refusals.push(`${parent}: ${messageOf(error)}`)
      continue
    }
    const version = versions.find(({ limit }) => existsSync(join(folder, limit)))
    if (version === undefined) {
      rmdirSync(folder)
      refusals.push(`${parent}: groups below it have no limit of memory`)
      continue
    }
    writeFileSync(join(folder, version.limit), String(bytes))
    return {
      folder,
      add: (pid) => {
        writeFileSync(join(folder, 'cgroup.procs'), String(pid))
      },
      killed: () => {
        const told = readFileSync(join(folder, version.told), 'utf8')
        return Number(/^oom_kill (\d+)$/m.exec(told)?.[1] ?? 0)
      },
      [Symbol.asyncDispose]: async () => {
        await until(() => isRemoved(folder), { withinMs: emptyWithinMs })
      },
    }
  }
  const why = refusals.length === 0 ? `there is none below ${mountPoint}` : refusals.join('; ')
  throw new Error(`This machine gives no control group of memory: ${why}.`)
}

/** Removes the groups of that name that somebody has left, with those of the same name in them, once they are empty. */
export async function removeGroups(name: string): Promise<void> {
  const parents = new Set([...ownGroups(), ...memoryGroups()])
  const left = [...parents]
    .map((parent) => join(parent, name))
    .flatMap((folder) => [join(folder, name), folder])
    .filter((folder) => existsSync(folder))
  await until(() => left.every(isRemoved), { withinMs: emptyWithinMs })
}

/** Why no group of memory can be had here; undefined = one can. Found out by making one. */
export async function whyNoMemoryGroup(name: string): Promise<string | undefined> {
  try {
    await using _group = openMemoryGroup(name, 2 ** 20)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** Our own groups that may have groups of memory below them, and those above, the nearest first. */
function memoryGroups(): readonly string[] {
  const separate = join(mountPoint, 'memory')
  const found = ownGroups().filter((folder) =>
    existsSync(separate) ? isWithin(folder, separate) : existsSync(join(folder, 'cgroup.procs')),
  )
  return found.flatMap((folder) => {
    const way: string[] = []
    for (let at = folder; isWithin(at, mountPoint) && at !== mountPoint; at = dirname(at))
      way.push(at)
    return existsSync(join(mountPoint, 'cgroup.controllers')) ? [...way, mountPoint] : way
  })
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** Also when whoever made it has been killed and somebody else removed it. */
function isRemoved(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    if (errorCode(error) === 'EBUSY') return false
    if (errorCode(error) === 'ENOENT') return true
    throw error
  }
}
