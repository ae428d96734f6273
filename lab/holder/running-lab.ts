import type { LabStatus, NodeStatus } from '#lab/lab.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { openRuntime } from '#lab/runtime/open-runtime.ts'
import type { Environment, Runtime } from '#lab/runtime/runtime.ts'
import type { LabPlan, NodePlan } from '#lab/topology/plan.ts'
import { Interception } from './interception.ts'
import { LabProcess } from './lab-process.ts'
import type { LabEvent } from './messages.ts'
import { Readiness, type Wanted } from './readiness.ts'

/** The lab from inside: its network, its processes and its rules. Lives as long as the holder does. */
export class RunningLab {
  readonly plan: LabPlan
  readonly environment: Environment
  readonly runtime: Runtime
  readonly #interception: Interception
  readonly #processes: readonly LabProcess[]
  readonly #startedAt = new Date()

  private constructor(plan: LabPlan, environment: Environment, runtime: Runtime) {
    this.plan = plan
    this.environment = environment
    this.runtime = runtime
    this.#interception = new Interception(runtime.network, plan.interception, environment)
    this.#processes = plan.processes.map((each) => new LabProcess(each, runtime, environment))
  }

  /** Builds the network; nothing runs in it yet. */
  static async open(plan: LabPlan, environment: Environment): Promise<RunningLab> {
    return new RunningLab(plan, environment, await openRuntime(plan))
  }

  /**
   * Starts all processes at once and resolves when each of them is ready and the interception is installed.
   * @throws LabError for the first thing that cannot be.
   */
  async start(onEvent: (event: LabEvent) => void): Promise<void> {
    if (this.plan.bare) return
    const started = this.#startProcesses(this.#processes, this.plan.entities ?? nothing)
    const nodes = Map.groupBy(started, ({ process }) => process.plan.node)
    await Promise.all([
      this.#interception.change('installed'),
      this.#createEntities(started),
      ...Array.from(nodes, async ([node, processes]) => {
        await Promise.all(processes.map(({ ready }) => ready))
        onEvent({ kind: 'node', node, afterMs: performance.now() })
      }),
    ])
  }

  async startNode(name: string): Promise<void> {
    const stopped = this.#processesOf(name).filter((process) => !process.alive)
    await Promise.all(this.#startProcesses(stopped, nothing).map(({ ready }) => ready))
  }

  async stopNode(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await Promise.all(this.#processesOf(name).map((process) => process.stop(signal)))
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop('SIGTERM')))
  }

  async changeRules(state: 'installed' | 'removed'): Promise<void> {
    await this.#interception.change(state)
  }

  /** The name of a node's network namespace. */
  namespaceOf(node: string): string {
    return this.#node(node).namespace
  }

  status(): LabStatus {
    const { name, topology, folder, nodes } = this.plan
    return {
      name,
      topology,
      folder,
      startedAt: this.#startedAt.toISOString(),
      rules: this.#interception.state,
      nodes: nodes.map((node) => this.#statusOf(node)),
    }
  }

  #statusOf(node: NodePlan): NodeStatus {
    const processes = this.#processes
      .filter((process) => process.plan.node === node.name)
      .map((process) => process.status)
    return { ...node, state: nodeState(processes.map(({ state }) => state)), processes }
  }

  #startProcesses(processes: readonly LabProcess[], wanted: Wanted): readonly Started[] {
    return processes.map((process) => {
      const readiness = new Readiness(process, wanted)
      process.start()
      return { process, ready: readiness.wait() }
    })
  }

  async #createEntities(started: readonly Started[]): Promise<void> {
    const { entities } = this.plan
    if (entities === undefined) return
    // Loaded while the nodes start.
    const { createEntities } = await import('./kong-admin.ts')
    const controlPlanes = started.filter(({ process }) => process.plan.kong?.proxies === false)
    await Promise.all(controlPlanes.map(({ ready }) => ready))
    await createEntities(this.runtime.network.namespace(entities.namespace), entities)
  }

  #processesOf(name: string): readonly LabProcess[] {
    this.#node(name)
    return this.#processes.filter((process) => process.plan.node === name)
  }

  #node(name: string): NodePlan {
    const found = this.plan.nodes.find((node) => node.name === name)
    if (found !== undefined) return found
    const names = this.plan.nodes.map((node) => node.name).join(', ')
    throw new LabError(`The lab ${this.plan.name} has no node "${name}"; it has ${names}.`)
  }
}

interface Started {
  readonly process: LabProcess
  readonly ready: Promise<void>
}

const nothing: Wanted = { services: 0, routes: 0 }

function nodeState(
  states: readonly NodeStatus['processes'][number]['state'][],
): NodeStatus['state'] {
  if (states.length === 0) return 'idle'
  if (states.includes('dead')) return 'dead'
  return states.every((state) => state === 'running') ? 'running' : 'stopped'
}
