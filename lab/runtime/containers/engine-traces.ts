import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fingerprint, type Fingerprint } from '#netns/fingerprint.ts'
import { processIds } from '#lab/run/process-ids.ts'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'
import type { Engine } from './engine.ts'

/** What a lab of containers could leave in an engine and on its machine. */
export interface EngineTraces {
  readonly containers: readonly string[]
  readonly networks: readonly string[]
  readonly volumes: readonly string[]
  readonly network: Fingerprint
  /** Processes and control groups of containers, by the ids that are known to have been. */
  readonly processes: readonly string[]
  readonly groups: readonly string[]
}

/** Takes them, with processes and groups of the containers of these ids and of what works in a folder. */
export async function takeTraces(
  engine: Engine,
  { ids, folder }: { readonly ids: ReadonlySet<string>; readonly folder: string },
): Promise<EngineTraces> {
  const [containers, networks, volumes] = await Promise.all([
    engine.listContainers({ all: true }),
    engine.listNetworks(),
    engine.listVolumes(),
  ])
  return {
    containers: containers.map(({ Id, State }) => `${Id} ${State}`).toSorted(),
    networks: networks.map(({ Name }) => Name).toSorted(),
    volumes: volumes.Volumes.map(({ Name }) => Name).toSorted(),
    network: fingerprint(),
    processes: [...processesOf(ids), ...processesWorkingIn(folder)].map(String),
    groups: groupsOf(ids),
  }
}

/** Processes in the containers, and those of the engine that look after them. */
function processesOf(ids: ReadonlySet<string>): readonly number[] {
  return processIds().filter((pid) =>
    mentions(`${read(pid, 'cgroup')} ${read(pid, 'cmdline')}`, ids),
  )
}

function groupsOf(ids: ReadonlySet<string>): string[] {
  const { stdout } = spawnSync('find', ['/sys/fs/cgroup', '-type', 'd'], { encoding: 'utf8' })
  return stdout.split('\n').filter((path) => mentions(path, ids))
}

function mentions(text: string, ids: ReadonlySet<string>): boolean {
  return (text.match(/[0-9a-f]{64}/g) ?? []).some((id) => ids.has(id))
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}
