import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint } from '#netns/fingerprint.ts'
import { commandLineOf } from '#lab/run/command-line.ts'
import { errorCode } from '#lab/run/fault.ts'
import { processIds } from '#lab/run/process-ids.ts'
import { isOurs, ownGroups } from './control-groups.ts'

/** What can be left on a machine, each kind as a sorted list of text. */
export type Traces = Readonly<Record<string, readonly string[]>>

export interface TracesOptions {
  /** Folders to list with all that is in them. */
  readonly folders: readonly string[]
  /** Processes that are not looked at: those that look. */
  readonly ours: readonly number[]
}

/** Takes stock of the machine as this process sees it, or of one made of namespaces that it is in. */
export function takeTraces({ folders, ours }: TracesOptions): Traces {
  const pids = processIds().filter((pid) => !ours.includes(pid))
  return {
    ...fingerprint(),
    namespaces: sortedSet(['self', ...pids].flatMap(namespacesOf)),
    processes: pids.flatMap(describeProcess).toSorted(),
    cgroups: groups(),
    sysctls: listTree('/proc/sys', { foldersOnly: false }).flatMap(readSysctl),
    files: folders.flatMap((folder) => listTree(folder, { foldersOnly: false })),
  }
}

/**
 * The kinds that differ, with what is there now and was not, and what was there and is not; but for control groups, which
 * their owners remove at any time.
 */
export function compareTraces(before: Traces, after: Traces): readonly string[] {
  return Object.keys({ ...before, ...after }).flatMap((kind) => {
    const was = new Set(before[kind])
    const is = new Set(after[kind])
    const more = [...is.difference(was)].map((each) => `${kind}: left over: ${each}`)
    const less =
      kind === 'cgroups' ? [] : [...was.difference(is)].map((each) => `${kind}: gone: ${each}`)
    return [...more, ...less]
  })
}

const kinds = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts']

function namespacesOf(pid: number | string): readonly string[] {
  return kinds.flatMap((kind) => ifThere(() => readlinkSync(`/proc/${pid}/ns/${kind}`)))
}

function describeProcess(pid: number): readonly string[] {
  return ifThere(() => {
    const folder = readlinkSync(`/proc/${pid}/cwd`)
    return `${pid} in ${folder}: ${commandLineOf(pid).join(' ')}`
  })
}

/** What is made below the groups that we are in. */
function groups(): readonly string[] {
  const below = ownGroups().flatMap((folder) =>
    listTree(folder, { foldersOnly: true }).filter((path) => isOurs(path.slice(folder.length))),
  )
  return below.filter((path) => !holdsOthers(path))
}

/** Processes outside of our process namespace have no number here. */
function holdsOthers(path: string): boolean {
  const members = ifThere(() => readFileSync(join(path, 'cgroup.procs'), 'utf8'))
  return /^0$/m.test(members.join(''))
}

/** These change by themselves. */
const restless =
  /^\/proc\/sys\/(?:fs\/(?:dentry-state|file-nr|inode-|aio-nr|quota|dir-notify)|kernel\/(?:random|ns_last_pid|pty\/nr|perf_event_max_sample_rate|tainted|hung_task_detect_count|sched_|core_)|net\/netfilter\/nf_conntrack_count|debug)/

function readSysctl(path: string): readonly string[] {
  if (restless.test(path)) return []
  try {
    return [`${path} = ${readFileSync(path, 'latin1').trim()}`]
  } catch {
    // Some can only be written, some only with more rights.
    return []
  }
}

function listTree(folder: string, options: { readonly foldersOnly: boolean }): readonly string[] {
  const entries = ifThere(() => readdirSync(folder, { withFileTypes: true })).flat()
  return entries
    .filter((entry) => entry.isDirectory() || !options.foldersOnly)
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? [path, ...listTree(path, options)] : [path]
    })
    .toSorted()
}

function sortedSet(values: readonly string[]): readonly string[] {
  return [...new Set(values)].toSorted()
}

/** Nothing for what ended meanwhile or is hidden. */
function ifThere<result>(read: () => result): result[] {
  try {
    return [read()]
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR'].includes(errorCode(error) ?? ''))
      return []
    throw error
  }
}
