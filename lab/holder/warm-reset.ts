import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import type { LabStatus, ResetReport } from '#lab/lab.ts'
import { errorCode, messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { until } from '#lab/run/until.ts'
import type { Runtime } from '#lab/runtime/runtime.ts'
import { readLabState } from '#lab/state/read-lab-state.ts'
import { chooseChanges, type Entity } from '#lab/state/kong-entities.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import type { ListedSocket } from '#netns/netlink/sock-diag.ts'
import { resetConnections } from '#netns/shaping/reset-connections.ts'
import { compareStates, readSockets, type NetworkState } from '#netns/state/namespace-state.ts'
import {
  rememberNamespace,
  restoreNamespace,
  type NamespaceMemory,
} from '#netns/state/restore-namespace.ts'
import { readTcpSockets, renderConnection } from '#netns/state/tcp-sockets.ts'
import { forgetTracked } from '#netns/state/tracked.ts'
import { appliedChanges } from './applied-version.ts'
import { AdminConnection } from './ask-admin.ts'
import { listEntities } from './kong-admin.ts'
import { proxiesHeard } from './proxies-heard.ts'

/** What a reset needs of the lab it is for. */
export interface ResetSubject {
  readonly plan: LabPlan
  readonly runtime: Runtime
  status(): LabStatus
  /** Ends what is wrong on purpose, and says what it was. */
  healAll(): Promise<readonly string[]>
  startNode(name: string): Promise<void>
  changeRules(state: 'installed' | 'removed'): Promise<void>
}

/** Brings a lab back to how it was when it had come up, without starting anew what still runs. */
export class WarmReset {
  readonly #lab: ResetSubject
  #entities: readonly Entity[] = []
  #memories: ReadonlyMap<string, NamespaceMemory>

  private constructor(lab: ResetSubject, memories: ReadonlyMap<string, NamespaceMemory>) {
    this.#lab = lab
    this.#memories = memories
  }

  /**
   * Remembers the network as it is now, with its rules, and lets others have their turn meanwhile. The nodes may still be
   * starting: who listens is for `complete`.
   */
  static async remember(lab: ResetSubject): Promise<WarmReset> {
    const memories = new Map<string, NamespaceMemory>()
    for (const { name, sysctls } of lab.plan.network.namespaces) {
      const namespace = lab.runtime.network.namespace(name)
      memories.set(name, rememberNamespace(namespace, { sysctls: Object.keys(sysctls) }))
      await setImmediate()
    }
    return new WarmReset(lab, memories)
  }

  /** Remembers who listens now, and what Kong was told, once the connections by which it was told have ended. */
  async complete(entities: readonly Entity[]): Promise<void> {
    this.#entities = entities
    const memories = await Promise.all(
      Array.from(this.#memories, async ([name, memory]) => {
        const namespace = this.#lab.runtime.network.namespace(name)
        // Whoever has one that never ends has it for good: it is part of the lab.
        await until(() => isSettled(namespace), { withinMs: settleMs })
        const state = { ...memory.state, ...readSockets(namespace) }
        return [name, { ...memory, state }] as const
      }),
    )
    this.#memories = new Map(memories)
  }

  /** @throws LabError when a node does not start or the Admin API refuses what it took before. */
  async run(): Promise<ResetReport> {
    const startedAt = performance.now()
    const restored = [
      ...(await this.#lab.healAll()),
      ...(await this.#startNodes()),
      ...(await this.#installRules()),
      ...(await this.#restoreEntities()),
      ...this.#dropConnections(),
    ]
    let [state, differences] = this.#look()
    if (differences.some((line) => !isOfConnection(line))) {
      restored.push(...(await this.#restoreNetwork(differences)))
      ;[state, differences] = this.#look()
    }
    // Connections take a moment to end, and so do the kernel's own routes to come.
    const deadline = performance.now() + settleMs
    while (differences.length > 0 && performance.now() < deadline) {
      await delay(lookEveryMs)
      this.#dropConnections()
      ;[state, differences] = this.#look()
    }
    // Last, since connections that end are counted, too.
    this.#zeroCounters()
    return {
      clean: differences.length === 0,
      hash: state.hash,
      durationMs: performance.now() - startedAt,
      restored,
      differences,
    }
  }

  async #startNodes(): Promise<readonly string[]> {
    const down = this.#lab
      .status()
      .nodes.filter(({ state }) => state === 'stopped' || state === 'dead')
    await Promise.all(down.map(({ name }) => this.#lab.startNode(name)))
    return down.map(({ name }) => `${name} runs again`)
  }

  async #installRules(): Promise<readonly string[]> {
    if (this.#lab.plan.bare || this.#lab.status().rules === 'installed') return []
    await this.#lab.changeRules('installed')
    return ['the rules are installed']
  }

  async #restoreEntities(): Promise<readonly string[]> {
    const { plan, runtime } = this.#lab
    const { entities } = plan
    if (entities === undefined) return []
    const namespace = runtime.network.namespace(entities.namespace)
    using connection = new AdminConnection(namespace, entities.admin)
    const changes = chooseChanges(this.#entities, await listEntities(connection))
    if (changes.length === 0) return []
    const known = Math.max(0, ...this.#applied())
    for (const change of changes) await connection.ask(change)
    // Each change counts; the node that took them is the first to know how many there are by now.
    const heard = await until(
      () => {
        const applied = this.#applied()
        const wanted = Math.max(known + changes.length, ...applied)
        return applied.every((each) => each >= wanted)
      },
      { withinMs: appliedWithinMs },
    )
    if (!heard) {
      throw new LabError(
        `Not every node goes by what Kong was told again after ${appliedWithinMs / 1000} seconds.`,
      )
    }
    const deaf = await proxiesHeard({
      plan,
      namespace: (name) => runtime.network.namespace(name),
      admin: connection,
      withinMs: appliedWithinMs,
    })
    if (deaf.length > 0) {
      throw new LabError(
        `Nobody can tell whether ${deaf.join(' and ')} ${deaf.length === 1 ? 'goes' : 'go'} by what Kong was told again, after ${appliedWithinMs / 1000} seconds; take the lab down and up again.`,
      )
    }
    return changes.map(({ told }) => told)
  }

  /** How many changes each of the nodes that tell goes by. */
  #applied(): readonly number[] {
    return this.#lab.plan.processes.flatMap(({ kong }) =>
      kong === undefined ? [] : (appliedChanges(kong.prefix) ?? []),
    )
  }

  #dropConnections(): readonly string[] {
    let dropped = 0
    for (const [name, { state }] of this.#memories) {
      const namespace = this.#lab.runtime.network.namespace(name)
      const kept = new Set(state.connections)
      const left = namespace
        .run(() => readTcpSockets(name))
        .connected.filter((connection) => !kept.has(renderConnection(connection)))
      if (left.length > 0) dropped += breakOff(namespace, left)
      namespace.run(() => {
        forgetTracked(name)
      })
    }
    if (dropped === 0) return []
    return [dropped === 1 ? '1 connection is broken off' : `${dropped} connections are broken off`]
  }

  #zeroCounters(): void {
    const { plan, runtime } = this.#lab
    if (plan.bare) return
    const { network } = runtime
    for (const each of plan.interception) {
      if (each.kind !== 'rules') continue
      try {
        network.firewall.zero(network.namespace(each.namespace), each.ruleSet)
      } catch {
        // Somebody took it away, which shows in what follows.
      }
    }
  }

  async #restoreNetwork(differences: readonly string[]): Promise<readonly string[]> {
    const { network } = this.#lab.runtime
    const failures: string[] = []
    for (const [name, memory] of this.#memories) {
      if (!differences.some((line) => line.slice(2).startsWith(`${name} `))) continue
      try {
        restoreNamespace(network.namespace(name), memory)
      } catch (error) {
        failures.push(messageOf(error))
      }
    }
    const [, left] = this.#look()
    if (left.some((line) => line.includes(' rules: ')) && !this.#lab.plan.bare) {
      await this.#lab.changeRules('removed')
      await this.#lab.changeRules('installed')
    }
    const changed = differences.filter((line) => !isOfConnection(line))
    return [...changed.map((line) => `network, was different: ${line}`), ...failures]
  }

  /** What is there now, and what of it is not as it was. */
  #look(): readonly [ReturnType<typeof readLabState>, readonly string[]] {
    const { plan, runtime } = this.#lab
    const state = readLabState(plan.network, (name) => runtime.network.namespace(name))
    const before: NetworkState = Object.fromEntries(
      Array.from(this.#memories, ([name, memory]) => [name, memory.state]),
    )
    const differences = compareStates(before, state.namespaces)
    return [state, differences.filter((line) => !isEndedConnection(line))]
  }
}

/** Whether no connection is about to begin or to end. */
function isSettled(namespace: NetworkNamespace): boolean {
  const { connected } = namespace.run(() => readTcpSockets(namespace.label))
  return connected.every(({ established }) => established)
}

/** How many; none where the kernel cannot, which then shows in the state. */
function breakOff(namespace: NetworkNamespace, connections: readonly ListedSocket[]): number {
  try {
    return resetConnections(namespace, connections).length
  } catch (error) {
    if (errorCode(error) === 'EOPNOTSUPP') return 0
    throw error
  }
}

const appliedWithinMs = 10_000
const settleMs = 1_000
const lookEveryMs = 10

function isOfConnection(line: string): boolean {
  return / (?:connections|tracked): /.test(line)
}

/** That a connection of then has ended leaves nothing behind. */
function isEndedConnection(line: string): boolean {
  return line.startsWith('- ') && isOfConnection(line)
}
