import { LabError } from '#lab/run/lab-error.ts'
import { exemptions } from '#lab/topology/plan-interception.ts'
import { planProcess } from '#lab/topology/plan-process.ts'
import type { NodeSpec, ProcessSpec, Topology } from '#lab/topology/topology.ts'
import { interceptInPod } from '#netns/firewall/transparent-proxy.ts'
import { everywhere, nodeSettings } from './adapt-process.ts'
import { renderKongFile } from './kong-file.ts'
import { pairSidecars, type Pairing } from './pair-sidecars.ts'
import { splitByAddress } from './split-by-address.ts'
import type { ImageOptions, Sidecar, Workload, WorkloadProcess, Workloads } from './workload.ts'

/**
 * Compiles a topology for engines that give each workload one address they choose: every service shares a network
 * namespace with its sidecar, is reached by its name, and listens on all its addresses. A service of several addresses
 * becomes several workloads.
 * @throws LabError that lists everything that cannot be had there.
 */
export function planWorkloads(topology: Topology, options: ImageOptions): Workloads {
  const { pairings, faults } = pairSidecars(topology)
  if (faults.length > 0) {
    const list = faults.map((fault) => `  ${fault}`).join('\n')
    throw new LabError(`The topology ${topology.name} cannot be rendered:\n${list}`)
  }
  const parts = topology.nodes
    .filter(({ kind }) => kind === 'service')
    .flatMap((node) => splitByAddress(node))
  const workloads = [
    ...parts.map(({ name, node, processes }) => {
      const pairing = pairings.find(({ service }) => service === node)
      const compiled = processes.map((process) => planPart(node, process, options))
      return compileWorkload({ name, kind: 'service', compiled, sidecar: pairing }, options)
    }),
    ...topology.nodes
      .filter(({ kind }) => kind === 'control-plane')
      .map((node) => {
        const compiled = node.processes.map((process) => planPart(node, process, options))
        return compileWorkload(
          { name: node.name, kind: 'control-plane', compiled, sidecar: undefined },
          options,
        )
      }),
  ]
  const names = new Map(
    parts.flatMap(({ name, addresses }) => addresses.map((address) => [address, name] as const)),
  )
  return {
    topology: topology.name,
    summary: topology.summary,
    workloads,
    kongFile: topology.kong === undefined ? undefined : renderKongFile(topology.kong, names),
  }
}

interface Parts {
  readonly name: string
  readonly kind: Workload['kind']
  readonly compiled: readonly WorkloadProcess[]
  readonly sidecar: Pairing | undefined
}

function compileWorkload(
  { name, kind, compiled, sidecar }: Parts,
  options: ImageOptions,
): Workload {
  return {
    name,
    kind,
    processes: compiled,
    sidecar: sidecar === undefined ? undefined : compileSidecar(sidecar, options),
    ports: unique(compiled.flatMap(({ ports }) => ports)),
  }
}

function compileSidecar({ proxy, ports }: Pairing, options: ImageOptions): Sidecar {
  const [process] = proxy.processes
  if (process === undefined) throw new Error(`${proxy.name} has no process`)
  return {
    process: planPart(proxy, process, { ...options, exempt: 'mark' }),
    ...interceptInPod({
      name: 'mesh',
      inputInterface: 'eth0',
      targets: ports.map(({ port, listener }) => ({
        ports: [port],
        listener: { address: '127.0.0.1', port: listener },
      })),
      exempt: exemptions.mark,
    }),
  }
}

function planPart(
  node: NodeSpec,
  process: ProcessSpec,
  options: ImageOptions & { readonly exempt?: 'mark' },
): WorkloadProcess {
  const adapted = process.kind === 'kong' ? nodeSettings(process) : everywhere(process)
  const { name, argv, environment, listens } = planProcess(node, adapted, options)
  return {
    name: process.kind === 'kong' ? node.name : name,
    argv,
    environment,
    ports: unique(listens.map(({ port }) => port)),
  }
}

function unique(ports: readonly number[]): readonly number[] {
  return [...new Set(ports)]
}
