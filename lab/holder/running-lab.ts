import { availableParallelism } from 'node:os'
import type { LabState, LabStatus, NodeStatus, ResetReport } from '#lab/lab.ts'
import { openPacketSocket } from '#netns/packets/packet-socket.ts'
import { openTcpSocket } from '#netns/sockets.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { until } from '#lab/run/until.ts'
import { openRuntime } from '#lab/runtime/open-runtime.ts'
import type { LabLink } from '#lab/faults/read-links.ts'
import type { Faults } from '#lab/faults/faults.ts'
import type { Environment, Runtime } from '#lab/runtime/runtime.ts'
import type { Entity } from '#lab/state/kong-entities.ts'
import type { LabPlan, NodePlan } from '#lab/topology/plan.ts'
import { atMost } from './at-most.ts'
import { Interception } from './interception.ts'
import { LabProcess } from './lab-process.ts'
import { listensOn } from './listening.ts'
import type { LabEvent, LabRequest } from './messages.ts'
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
   * Starts all processes and resolves when each of them is ready and the interception is installed. Few are started at
   * once; of many, the proxies come a few at a time and find their configuration complete, for each of them would go
   * through all of its changes, and nobody would be ready in time.
   * @throws LabError for the first thing that cannot be.
   */
  async start(onEvent: (event: LabEvent) => void): Promise<void> {
    if (this.plan.bare) {
      this.#reset = await this.#remember()
      return
    }
    const wanted = this.plan.entities ?? nothing
    const { early, proxies, services } = takeTurns(this.#processes)
    const queue = atMost(fewAtATime)
    const inTurn = (process: LabProcess, after: Promise<unknown>): Started => ({
      process,
      ready: after.then(() => queue(() => this.#startProcess(process, wanted))),
    })
    const startedEarly = this.#startProcesses(early, wanted)
    const startedServices = services.map((process) => inTurn(process, Promise.resolve()))
    const created = this.#createEntities(startedEarly)
    const startedProxies = proxies.map((process) => inTurn(process, created))
    const started = [...startedEarly, ...startedServices, ...startedProxies]
    const nodes = Map.groupBy(started, ({ process }) => process.plan.node)
    const [entities, reset] = await Promise.all([
      created,
      this.#interception.change('installed').then(() => this.#remember()),
      ...Array.from(nodes, async ([node, processes]) => {
        await Promise.all(processes.map(({ ready }) => ready))
        onEvent({ kind: 'node', node, afterMs: performance.now() })
      }),
    ])
    reset.complete(entities)
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

  /**
   * Opens a TCP socket in the network of a node; the caller closes it.
   * @throws LabError when it cannot be bound there.
   */
  openSocket({ node, family, source }: SocketRequest): number {
    const namespace = this.runtime.network.namespace(this.namespaceOf(node))
    try {
      return openTcpSocket(namespace, { family, ...(source && { bind: source }) })
    } catch (error) {
      throw new LabError(`Cannot open a socket in ${node}: ${messageOf(error)}`)
    }
  }

  /**
   * Opens a socket that sees the packets of an interface in the network of a node; the caller closes it.
   * @throws LabError when there is no such interface.
   */
  openPackets({ node, interface: name }: PacketsRequest): number {
    const namespace = this.runtime.network.namespace(this.namespaceOf(node))
    try {
      return openPacketSocket(namespace, name)
    } catch (error) {
      throw new LabError(`Cannot capture in ${node}: ${messageOf(error)}`)
    }
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
    return new Opened(this)
  }

  async #createEntities(started: readonly Started[]): Promise<readonly Entity[]> {
    const { entities } = this.plan
    if (entities === undefined) return []
    // Loaded while the nodes start.
    const { createEntities } = await import('./kong-admin.ts')
    await Promise.all(
      started.map(async ({ process, ready }) => {
        if (process.plan.kong?.proxies === false) await ready
        // It is ready once it has taken over what it is to be told now.
        if (process.plan.kong?.asked === true) await Promise.race([ready, listens(process)])
      }),
    )
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
 * Few processes need no turns. Of many, only control planes need none, and what they need. Proxies that do not tell what
 * they know always come after what they are to know.
 */
function takeTurns(
  processes: readonly LabProcess[],
): Readonly<Record<'early' | 'services' | 'proxies', readonly LabProcess[]>> {
  const areFew = processes.length <= atOnce
  const turnOf = ({ plan: { kong, early } }: LabProcess): 'early' | 'services' | 'proxies' => {
    if (early === true || kong?.proxies === false || kong?.asked === true) return 'early'
    if (areFew && kong?.silent !== true) return 'early'
    return kong === undefined ? 'services' : 'proxies'
  }
  const { early = [], services = [], proxies = [] } = Object.groupBy(processes, turnOf)
  return { early: early.toSorted((a, b) => rankOf(a) - rankOf(b)), services, proxies }
}

/** All else waits for control planes, and nothing for services. */
function rankOf({ plan: { kong } }: LabProcess): number {
  if (kong === undefined) return 2
  return kong.proxies ? 1 : 0
}

/** So many processes do not keep each other from getting ready. */
const atOnce = 24
/** More at a time only wait for each other. */
const fewAtATime = 2 * availableParallelism()

type SocketRequest = Extract<LabRequest, { command: 'socket' }>
type PacketsRequest = Extract<LabRequest, { command: 'packets' }>

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
