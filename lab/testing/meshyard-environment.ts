import {
  openLab,
  type ExecOptions,
  type ExecResult,
  type Lab,
  type OpenLabOptions,
} from '#lab/lab.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { Backend } from '#lab/runtime/runtime.ts'
import { readPause } from '#lab/runtime/containers/pauses-file.ts'
import { findTopology, type TopologyName } from '#lab/topology/find-topology.ts'
import type { Topology } from '#lab/topology/topology.ts'

/**
 * A topology for tests, in the manner of testcontainers:
 * `await using yard = await new MeshyardEnvironment('sidecars').withBackend('containers').start()`.
 * Each `with…` gives a new environment and leaves the one it is called on as it was.
 */
export class MeshyardEnvironment {
  readonly #topology: Topology | string
  readonly #options: OpenLabOptions

  /** @param topology Also by what `meshyard up` knows one: `sidecars`, `chain:5`, `mine.yaml`. */
  constructor(topology: Topology | NamedTopology, options: OpenLabOptions = {}) {
    this.#topology = topology
    this.#options = options
  }

  /** Default: MESHYARD_BACKEND, else namespaces. */
  withBackend(backend: Backend): MeshyardEnvironment {
    return this.#with({ backend })
  }

  /** Of containers; must have the programs of the topology. Default: one that mounts this machine's programs. */
  withImage(image: string): MeshyardEnvironment {
    return this.#with({ backend: 'containers', image })
  }

  /** Which Kong its proxies are: `core`, `command:PATH` or `image:REFERENCE`. Default: MESHYARD_PROXY, else `core`. */
  withProxy(proxy: string): MeshyardEnvironment {
    return this.#with({ proxy })
  }

  /** TLS secrets are logged, in `tls-keys.log` of the run folder, so that tap and capture can read what is sealed. */
  withKeyLog(): MeshyardEnvironment {
    return this.#with({ keyLog: true })
  }

  /** Run folder; must be empty or absent. Default: one of its name below MESHYARD_HOME. */
  withFolder(folder: string): MeshyardEnvironment {
    return this.#with({ folder })
  }

  /** Gives `start` up, with nothing left running. */
  withSignal(signal: AbortSignal): MeshyardEnvironment {
    return this.#with({ signal })
  }

  /** Name of the lab, with which its containers' names begin after `meshyard-`. Default: one that is free. */
  withName(name: string): MeshyardEnvironment {
    return this.#with({ name })
  }

  /** Only the network: no process is started, nothing is intercepted. */
  withoutProcesses(): MeshyardEnvironment {
    return this.#with({ bare: true })
  }

  /**
   * Brings it up and resolves once every node is ready.
   * @throws LabError that says what could not be started, with nothing left running.
   */
  async start(): Promise<StartedMeshyardEnvironment> {
    const topology =
      typeof this.#topology === 'string' ? await findTopology(this.#topology) : this.#topology
    return new StartedMeshyardEnvironment(await openLab(topology, this.#options))
  }

  #with(options: OpenLabOptions): MeshyardEnvironment {
    return new MeshyardEnvironment(this.#topology, { ...this.#options, ...options })
  }
}

/** Editors offer those that are built in. */
export type NamedTopology = TopologyName | (string & {})

/** A topology that is up; stopping or disposing of it, or the end of this process, leaves nothing of it. */
export class StartedMeshyardEnvironment implements AsyncDisposable {
  readonly lab: Lab
  #stopped: Promise<void> | undefined

  constructor(lab: Lab) {
    this.lab = lab
  }

  /** @throws LabError when the topology has no such node. */
  node(name: string): StartedMeshyardNode {
    const { nodes } = this.lab.topology
    const found = nodes.find((node) => node.name === name)
    if (found !== undefined) return new StartedMeshyardNode(this.lab, name, found.namespace)
    const names = nodes.map((node) => node.name).join(', ')
    throw new LabError(`The lab ${this.lab.name} has no node "${name}"; it has ${names}.`)
  }

  /** Ends every process and removes all that was made; the second time it does nothing. */
  async stop(): Promise<void> {
    this.#stopped ??= Promise.resolve(this.lab[Symbol.asyncDispose]())
    await this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

export class StartedMeshyardNode {
  readonly name: string
  readonly #lab: Lab
  readonly #namespace: string

  constructor(lab: Lab, name: string, namespace: string) {
    this.name = name
    this.#lab = lab
    this.#namespace = namespace
  }

  /** Runs a command in the node; a string is for its shell. A non-zero exit is a result. */
  exec(
    command: string | readonly [string, ...string[]],
    options?: ExecOptions,
  ): Promise<ExecResult> {
    const argv = typeof command === 'string' ? (['sh', '-c', command] as const) : command
    return this.#lab.exec(this.name, argv, options)
  }

  /** Starts what does not run and resolves once it is ready. */
  start(): Promise<void> {
    return this.#lab.startNode(this.name)
  }

  /** Ends its processes; its addresses stay. */
  stop(): Promise<void> {
    return this.#lab.stopNode(this.name)
  }

  /** What its processes have written, each log after the other. */
  async logs(): Promise<string> {
    const logs = await this.#lab.logs(this.name)
    return logs.map(({ text }) => text).join('')
  }

  /**
   * What `withNetworkMode` of a GenericContainer takes to put a container of one's own into the node's network.
   * @throws LabError when the lab does not run on containers.
   */
  networkMode(): string {
    const pause = readPause(this.#lab.folder, this.#namespace)
    if (pause !== undefined) return `container:${pause.id}`
    throw new LabError(
      `The lab ${this.#lab.name} has no containers that others could join: start it withBackend('containers').`,
    )
  }
}
