import { join } from 'node:path'
import type { LabRequest, LabResult } from '#lab/holder/messages.ts'
import type { ExecOptions, ExecResult, Lab, LabStatus, NodeLog } from '#lab/lab.ts'
import { readIfThere } from '#lab/run/read-if-there.ts'
import { removeRunFolder } from '#lab/run/run-folder.ts'
import { nodeLogs } from '#lab/topology/plan.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { askLab, type RequestOptions } from './ask-lab.ts'
import { endLab } from './end-lab.ts'
import type { LaunchedLab } from './launch.ts'

const execTimeoutMs = 30_000

/** A lab as its opener holds it; every request is a connection to the lab's socket. */
export class LabClient implements Lab {
  readonly name: string
  readonly topology: Topology
  readonly folder: string
  readonly #launched: LaunchedLab

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
    const result = await this.#ask(
      { command: 'exec', node, argv, environment: env, input, timeoutMs },
      { onOutput: (stream, data) => output[stream].push(data), ...(signal && { signal }) },
    )
    if (result.kind !== 'exited') throw new Error(`exec was answered with ${result.kind}`)
    const { exitCode, durationMs, timedOut } = result
    return {
      exitCode,
      stdout: Buffer.concat(output.stdout).toString(),
      stderr: Buffer.concat(output.stderr).toString(),
      durationMs,
      timedOut,
    }
  }

  async startNode(node: string): Promise<void> {
    await this.#ask({ command: 'start', node })
  }

  async stopNode(node: string): Promise<void> {
    await this.#ask({ command: 'stop', node })
  }

  async killNode(node: string): Promise<void> {
    await this.#ask({ command: 'kill', node })
  }

  async removeRules(): Promise<void> {
    await this.#ask({ command: 'rules', state: 'removed' })
  }

  async installRules(): Promise<void> {
    await this.#ask({ command: 'rules', state: 'installed' })
  }

  async logs(node: string): Promise<readonly NodeLog[]> {
    return nodeLogs(this.#launched.plan, node).map(({ name, file }) => ({
      name,
      text: readIfThere(join(this.folder, file)),
    }))
  }

  async status(): Promise<LabStatus> {
    const result = await this.#ask({ command: 'status' })
    if (result.kind !== 'status') throw new Error(`status was answered with ${result.kind}`)
    return result.status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using launched = this.#launched
    await endLab(this.folder, launched.state)
    removeRunFolder(this.folder)
  }

  #ask(request: LabRequest, options?: RequestOptions): Promise<LabResult> {
    return askLab(this.folder, request, options)
  }
}
