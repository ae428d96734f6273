import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import type { LabState, LabStatus, NodeStatus, ResetReport } from '#lab/lab.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { until } from '#lab/run/until.ts'
import { openRuntime } from '#lab/runtime/open-runtime.ts'
import type { LabLink } from '#lab/faults/read-links.ts'
import type { Faults } from '#lab/faults/faults.ts'
import type { Environment, Runtime } from '#lab/runtime/runtime.ts'
import type { Entity } from '#lab/state/kong-entities.ts'
import type { LabPlan, NodePlan } from '#lab/topology/plan.ts'
import { atMost } from './at-most.ts'
import { chooseCue, chooseTurn } from './choose-turn.ts'
import { Interception } from './interception.ts'
import { LabProcess } from './lab-process.ts'
import { listensOn } from './listening.ts'
import type { LabEvent } from './messages.ts'
import { Readiness, type Wanted } from './readiness.ts'
import type { WarmReset } from './warm-reset.ts'

/** The lab from inside: its network, its processes and its rules. Lives as long as the holder does. */
export class RunningLab {
  readonly plan: LabPlan
  readonly environment: Environment
  readonly runtime: Runtime
  readonly #interception: Interception
  readonly #processes: readonly LabProcess[]
  readonly #startedAt = new Date()
  #faults: Faults | undefined
  #reset: WarmReset | undefined

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
   * Starts all processes and resolves when each of them is ready and the interception is installed. Control planes come
   * first; a proxy that runs before these are told everything goes through all the changes.
   * @param options.prepared Proxies come after that, too.
   * @throws LabError for the first thing that cannot be.
   */
  async start({ onEvent, prepared }: StartOptions): Promise<void> {
    if (this.plan.bare) {
      this.#reset = await this.#remember()
      await this.#reset.complete([])
      return
    }
    const wanted = this.plan.entities ?? nothing
    const turns = Object.groupBy(this.#processes, ({ plan }) => chooseTurn(plan))
    const startAfter = (
      turn: keyof typeof atATime,
      before: Promise<unknown>,
    ): readonly Started[] => {
      const queue = atMost(atATime[turn])
      return (turns[turn] ?? []).map((process) => ({
        process,
        ready: before.then(() => queue(() => this.#startProcess(process, wanted))),
      }))
    }
    const first = this.#startProcesses(turns.first ?? [], wanted)
    const listening = this.#listening(first)
    const created = this.#createEntities(listening)
    const remembered = this.#interception.change('installed').then(() => this.#remember())
    // The rules are made at once, while a control plane starts.
    const services = startAfter('service', setImmediate())
    const plans = turns.proxy?.map(({ plan }) => plan) ?? []
    const cue = chooseCue(plans, { atATime: atATime.proxy })
    const told = cue === 'listens' ? listening : created
    const proxies = startAfter('proxy', Promise.all([told, prepared]))
    const nodes = Map.groupBy(
      [...first, ...services, ...proxies],
      ({ process }) => process.plan.node,
    )
    const [entities, reset] = await Promise.all([
      created,
      remembered,
      ...Array.from(nodes, async ([node, processes]) => {
        await Promise.all(processes.map(({ ready }) => ready))
        onEvent({ kind: 'node', node, afterMs: performance.now() })
      }),
    ])
    await reset.complete(entities)
    this.#reset = reset
  }

  async startNode(name: string): Promise<void> {
    const stopped = this.processesOf(name).filter((process) => !process.alive)
    await Promise.all(this.#startProcesses(stopped, nothing).map(({ ready }) => ready))
  }

  async stopNode(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await Promise.all(this.processesOf(name).map((process) => process.stop(signal)))
  }

  /** What is wrong with the lab on purpose. */
  async faults(): Promise<Faults> {
    // Loaded by those who ask.
    const { Faults: Opened } = await import('#lab/faults/faults.ts')
    this.#faults ??= new Opened(this)
    return this.#faults
  }

  async links(): Promise<readonly LabLink[]> {
    const { readLinks } = await import('#lab/faults/read-links.ts')
    return readLinks(this.plan, this.runtime, this.#faults?.list() ?? [])
  }

  async stopAll(): Promise<void> {
    // A node that is paused hears no signal.
    for (const process of this.#processes) process.signal('SIGCONT')
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
      faults: this.#faults?.list() ?? [],
    }
  }

  /** Brings the lab back to how it was when it had come up. */
  async reset(): Promise<ResetReport> {
    if (this.#reset === undefined) throw new LabError('The lab is still coming up.')
    return this.#reset.run()
  }

  async healAll(): Promise<readonly string[]> {
    if (this.#faults === undefined) return []
    const healed = await this.#faults.heal(undefined)
    return healed.map(({ id }) => `the fault ${id} is healed`)
  }

  async state(): Promise<LabState> {
    // Loaded by those who ask.
    const { readLabState } = await import('#lab/state/read-lab-state.ts')
    return readLabState(this.plan.network, (name) => this.runtime.network.namespace(name))
  }

  #statusOf(node: NodePlan): NodeStatus {
    const processes = this.#processes
      .filter((process) => process.plan.node === node.name)
      .map((process) => process.status)
    return { ...node, state: nodeState(processes.map(({ state }) => state)), processes }
  }

  #startProcesses(processes: readonly LabProcess[], wanted: Wanted): readonly Started[] {
    return processes.map((process) => ({ process, ready: this.#startProcess(process, wanted) }))
  }

  async #startProcess(process: LabProcess, wanted: Wanted): Promise<void> {
    const readiness = new Readiness(process, wanted)
    process.start()
    await readiness.wait()
  }

  /** Loaded, and done, while the nodes start. */
  async #remember(): Promise<WarmReset> {
    const { WarmReset: Opened } = await import('./warm-reset.ts')
    return Opened.remember(this)
  }

  /** Resolves once whoever is told the entities can be told, with all it needs. */
  async #listening(started: readonly Started[]): Promise<void> {
    if (this.plan.entities === undefined) return
    await Promise.all(
      started.map(async ({ process, ready }) => {
        if (process.plan.kong?.proxies === false) await ready
        // It is ready once it has taken over what it is to be told now.
        if (process.plan.kong?.asked === true) await Promise.race([ready, listens(process)])
      }),
    )
  }

  async #createEntities(listening: Promise<void>): Promise<readonly Entity[]> {
    const { entities } = this.plan
    if (entities === undefined) return []
    // Loaded while the nodes start.
    const [{ createEntities }] = await Promise.all([import('./kong-admin.ts'), listening])
    return createEntities(this.runtime.network.namespace(entities.namespace), entities)
  }

  processesOf(name: string): readonly LabProcess[] {
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

/** Resolves once it listens, or is no more. */
async function listens(process: LabProcess): Promise<void> {
  const { plan } = process
  await until(
    () =>
      process.ended !== undefined ||
      (process.pid !== undefined && listensOn(process.pid, plan.listens)),
    { withinMs: Number.POSITIVE_INFINITY },
  )
}

/**
 * How many start at the same time. Services are small. Of the proxies, one is always about to begin or to end; more of
 * them only wait for each other, and take longer for it.
 */
const atATime = { service: 24, proxy: availableParallelism() + 1 } as const

interface StartOptions {
  readonly onEvent: (event: LabEvent) => void
  readonly prepared: Promise<void>
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
