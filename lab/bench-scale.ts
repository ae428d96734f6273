import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { openLab } from './lab.ts'
import { commandLineOf } from './run/command-line.ts'
import { processesWorkingIn } from './run/processes-working-in.ts'
import { findTopology } from './topology/find-topology.ts'

export interface ScaleFigures {
  readonly readyMs: number
  /** In user and kernel, of every process of the lab up to then. */
  readonly cpuMs: number
  /** What the largest sidecar has of memory (its proportional set size). */
  readonly sidecarMiB: number
  readonly downMs: number
}

/** Brings a topology up once, such as `full:100`, in which each sidecar is a Node process of its own. */
export async function measureScale(topologyName: string, folder: string): Promise<ScaleFigures> {
  const topology = await findTopology(topologyName)
  const startedAt = performance.now()
  const lab = await openLab(topology, { name: basename(folder), folder })
  const readyMs = performance.now() - startedAt
  const running = processesWorkingIn(folder)
  const cpuMs = running.reduce((sum, pid) => sum + cpuMsOf(pid), 0)
  const prefixes = topology.nodes
    .filter(({ kind }) => kind === 'proxy')
    .flatMap(({ processes }) =>
      processes.flatMap((each) => (each.kind === 'kong' ? each.prefix : [])),
    )
  const sidecars = running.filter((pid) =>
    prefixes.some((prefix) => titleOf(pid).endsWith(`/${prefix}`)),
  )
  const sidecarMiB = Math.max(...sidecars.map(pssMiBOf))
  const leaving = performance.now()
  await lab[Symbol.asyncDispose]()
  const downMs = performance.now() - leaving
  if (sidecars.length !== prefixes.length) {
    throw new Error(`${sidecars.length} sidecars were found where ${prefixes.length} run`)
  }
  return { readyMs, cpuMs, sidecarMiB, downMs }
}

/** A Kong node names its prefix in its title. */
function titleOf(pid: number): string {
  return commandLineOf(pid)[0]?.trim() ?? ''
}

/** In the order of proc(5), after the name: its own, and those of children that it has waited for. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * msPerTick, 0)
}

function pssMiBOf(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) / 1024
}

const msPerTick = 10
