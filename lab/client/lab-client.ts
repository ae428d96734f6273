import { join } from 'node:path'
import type { LabRequest, LabResult } from '#lab/holder/messages.ts'
import type { FaultSpec, FaultStatus } from '#lab/faults/fault-spec.ts'
import type {
  ExecOptions,
  ExecResult,
  Fault,
  FaultOptions,
  Lab,
  LabState,
  LabStatus,
  NodeLog,
  ResetReport,
} from '#lab/lab.ts'
import type { LabNode, LabNodeOptions } from '#lab/inside/lab-node.ts'
import { SocketNode } from '#lab/inside/socket-node.ts'
import { readIfThere } from '#lab/run/read-if-there.ts'
import { removeRunFolder } from '#lab/run/run-folder.ts'
import { nodeLogs } from '#lab/topology/plan.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { askFor, type RequestOptions } from './ask-lab.ts'
import { endLab } from './end-lab.ts'
import type { LaunchedLab } from './launch.ts'

const execTimeoutMs = 30_000

/** A lab as its opener holds it; every request is a connection to the lab's socket. */
export class LabClient implements Lab {
  readonly name: string
  readonly topology: Topology
  readonly folder: string
  readonly #launched: LaunchedLab
  readonly #nodes = new Set<LabNode>()

  constructor(topology: Topology, launched: LaunchedLab) {
    this.name = launched.plan.name
    this.topology = topology
    this.folder = launched.plan.folder
    this.#launched = launched
  }

  async exec(
    node: string,
    argv: readonly [string, ...string[]],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    const { input = '', timeoutMs = execTimeoutMs, env = {}, signal } = options
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const { exitCode, durationMs, timedOut } = await this.#ask(
      'exited',
      { command: 'exec', node, argv, environment: env, input, timeoutMs },
      { onOutput: (stream, data) => output[stream].push(data), ...(signal && { signal }) },
    )
    return {
      exitCode,
      stdout: Buffer.concat(output.stdout).toString(),
      stderr: Buffer.concat(output.stderr).toString(),
      durationMs,
      timedOut,
    }
  }

  node(name: string, options?: LabNodeOptions): LabNode {
    const { nodes, environment } = this.#launched.plan
    const node = new SocketNode(
      name,
      {
        folder: this.folder,
        nodes,
        keyLog: environment['SSLKEYLOGFILE'],
        onDispose: () => this.#nodes.delete(node),
      },
      options,
    )
    this.#nodes.add(node)
    return node
  }

  async startNode(node: string): Promise<void> {
    await this.#ask('done', { command: 'start', node })
  }

  async stopNode(node: string): Promise<void> {
    await this.#ask('done', { command: 'stop', node })
  }

  async killNode(node: string): Promise<void> {
    await this.#ask('done', { command: 'kill', node })
  }

  async removeRules(): Promise<void> {
    await this.#ask('done', { command: 'rules', state: 'removed' })
  }

  async installRules(): Promise<void> {
    await this.#ask('done', { command: 'rules', state: 'installed' })
  }

  async logs(node: string): Promise<readonly NodeLog[]> {
    return nodeLogs(this.#launched.plan, node).map(({ name, file }) => ({
      name,
      text: readIfThere(join(this.folder, file)),
    }))
  }

  async status(): Promise<LabStatus> {
    return (await this.#ask('status', { command: 'status' })).status
  }

  async reset(): Promise<ResetReport> {
    return (await this.#ask('reset', { command: 'reset' })).report
  }

  async state(): Promise<LabState> {
    return (await this.#ask('state', { command: 'state' })).state
  }

  async fault(spec: FaultSpec, { measure = true }: FaultOptions = {}): Promise<Fault> {
    const [status] = await this.#askAboutFaults({ command: 'fault', spec, measure })
    if (status === undefined) throw new Error('the fault was made, but not told')
    let active = status.state === 'active'
    const heal = async (): Promise<void> => {
      if (!active) return
      active = false
      await this.#askAboutFaults({ command: 'heal', id: status.id })
    }
    return { status, heal, [Symbol.asyncDispose]: heal }
  }

  faults(): Promise<readonly FaultStatus[]> {
    return this.#askAboutFaults({ command: 'faults' })
  }

  async healAll(): Promise<void> {
    await this.#askAboutFaults({ command: 'heal', id: undefined })
  }

  async #askAboutFaults(request: LabRequest): Promise<readonly FaultStatus[]> {
    return (await this.#ask('faults', request)).faults
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using launched = this.#launched
    await Promise.all(Array.from(this.#nodes, (node) => node[Symbol.asyncDispose]()))
    await endLab(this.folder, launched.state)
    removeRunFolder(this.folder)
  }

  #ask<kind extends LabResult['kind']>(
    kind: kind,
    request: LabRequest,
    options?: RequestOptions,
  ): ReturnType<typeof askFor<kind>> {
    return askFor(kind, this.folder, request, options)
  }
}
