import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { NetworkState } from '#netns/state/namespace-state.ts'
import { bringUp } from './client/bring-up.ts'
import { LabClient } from './client/lab-client.ts'
import type { LabNode, LabNodeOptions } from './inside/lab-node.ts'
import { labHome, parseLabName } from './run/home.ts'
import { LabError } from './run/lab-error.ts'
import { chooseBackend } from './runtime/choose-backend.ts'
import type { Backend } from './runtime/runtime.ts'
import { findTopology, type TopologyName } from './topology/find-topology.ts'
import { chooseProxy } from './topology/proxy-subject.ts'
import type { FaultSpec, FaultStatus } from './faults/fault-spec.ts'
import type { NodeKind, Topology } from './topology/topology.ts'

/**
 * A running lab. Disposing it ends every process in it and removes its run folder. The death of its opener ends them, too; the
 * folder stays then, and `meshyard doctor` says so.
 */
export interface Lab extends AsyncDisposable {
  readonly name: string
  readonly topology: Topology
  /** The run folder: working directory of every command and home of the Kong prefixes (`kong-a`, …). */
  readonly folder: string
  /**
   * Runs a command in the namespaces of a node: its network, the lab's processes and mounts. A non-zero exit is a
   * result. Rejects when the node is unknown, the command cannot be started, the signal aborts or the lab is gone.
   */
  exec(
    node: string,
    argv: readonly [string, ...string[]],
    options?: ExecOptions,
  ): Promise<ExecResult>
  /**
   * A node as a place for this process's own clients and servers.
   * @throws LabError when the lab has no such node.
   */
  node(name: string, options?: LabNodeOptions): LabNode
  /** Starts what is not running and resolves once it listens (a Kong node: once it has applied its configuration). */
  startNode(node: string): Promise<void>
  /** SIGTERM to every process of the node; SIGKILL after five seconds. Resolves once they have ended. */
  stopNode(node: string): Promise<void>
  /** SIGKILL to every process of the node. Resolves once they have ended. */
  killNode(node: string): Promise<void>
  /** Takes the interception away: traffic goes straight from Service A to Service B. */
  removeRules(): Promise<void>
  /** Puts the interception back. Doing it twice changes nothing. */
  installRules(): Promise<void>
  /** What the node has written so far: one entry per process (`tcp`), and `error.log`, `access.log` of a Kong node. */
  logs(node: string): Promise<readonly NodeLog[]>
  status(): Promise<LabStatus>
  /**
   * Breaks something; disposing of what this returns heals it. What is broken never outlives the lab.
   * @throws LabError that lists everything that is wrong with the wish, or says what the machine cannot do.
   */
  fault(spec: FaultSpec, options?: FaultOptions): Promise<Fault>
  /** What is broken on purpose, oldest first. */
  faults(): Promise<readonly FaultStatus[]>
  /** Heals everything. */
  healAll(): Promise<void>
  /**
   * Brings the lab back to how it was when it had come up: faults, nodes, rules, network, what Kong is told and leftover
   * connections; then proves it by the state. What nodes keep in memory, such as rate-limit counters, stays.
   */
  reset(): Promise<ResetReport>
  /** What is in the namespaces of the lab; equal hashes mean that packets cannot tell the difference. */
  state(): Promise<LabState>
}

export interface FaultOptions {
  /** Sends probes over a link that is broken, which takes a moment. Default: true. */
  readonly measure?: boolean
}

/** Something that is broken on purpose, until it is healed. */
export interface Fault extends AsyncDisposable {
  /** As it was once in force, with what probes measured. */
  readonly status: FaultStatus
  /** Doing it twice changes nothing. */
  heal(): Promise<void>
}

export interface ExecOptions {
  /** Given to the command's stdin, which is empty otherwise. */
  readonly input?: string
  /** The command and its children are killed after this; the result then says `timedOut`. Default: 30 000. */
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface ExecResult {
  /** `null` when a signal ended the command. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
  readonly timedOut: boolean
}

export interface NodeLog {
  readonly name: string
  readonly text: string
}

export interface ResetReport {
  /** Whether the state is the one that the lab came up with. */
  readonly clean: boolean
  /** Of the state now. */
  readonly hash: string
  readonly durationMs: number
  /** What was done, a sentence each. */
  readonly restored: readonly string[]
  /** What is not as it was: lines that begin with `-` were there, lines that begin with `+` were not. */
  readonly differences: readonly string[]
}

export interface LabState {
  /** The same for the same network, rules, listeners and connections, however and when they were made. */
  readonly hash: string
  /** By the name of the namespace. */
  readonly namespaces: NetworkState
}

export interface LabStatus {
  readonly name: string
  readonly topology: string
  readonly folder: string
  readonly startedAt: string
  readonly rules: 'installed' | 'removed'
  readonly nodes: readonly NodeStatus[]
  /** What is broken on purpose. */
  readonly faults: readonly FaultStatus[]
}

export interface NodeStatus {
  readonly name: string
  readonly kind: NodeKind
  readonly namespace: string
  readonly addresses: readonly string[]
  /** `idle`: has no processes. `dead`: a process ended that nobody stopped. */
  readonly state: 'running' | 'idle' | 'stopped' | 'dead'
  readonly processes: readonly ProcessStatus[]
}

export interface ProcessStatus {
  readonly name: string
  readonly state: 'starting' | 'running' | 'stopped' | 'dead' | 'not-started'
  /** As seen inside the lab. */
  readonly pid: number | undefined
  /** How it ended, in words: `exit code 1`, `SIGKILL`. */
  readonly ended: string | undefined
}

export interface OpenLabOptions {
  /** `[a-z0-9-]{1,32}`. Default: one that is free. */
  readonly name?: string
  /** Run folder; must be empty or absent. Default: `<home>/<name>`, home being MESHYARD_HOME or `.meshyard`. */
  readonly folder?: string
  /** Only the network, without interception, and the run folder; no process is started. */
  readonly bare?: boolean
  /** The Kong nodes, the echo service and commands such as curl append their TLS secrets to `tls-keys.log` in the run folder. */
  readonly keyLog?: boolean
  /** What the nodes run on. Default: MESHYARD_BACKEND, else network namespaces of this machine. */
  readonly backend?: Backend
  /** Of containers; must have the programs of the topology and `cat`. Default: one that mounts this machine's programs. */
  readonly image?: string
  /** Which Kong its proxies are: `core`, `command:PATH` or `image:REFERENCE`. Default: MESHYARD_PROXY, else `core`. */
  readonly proxy?: string
  readonly signal?: AbortSignal
}

/**
 * Brings a lab up and resolves once every node is ready.
 * @throws LabError that says what could not be started, with nothing left running; the logs stay in the run folder.
 */
export async function openLab(
  topology: Topology | TopologyName,
  options: OpenLabOptions = {},
): Promise<Lab> {
  const { signal, bare = false, keyLog = false } = options
  const name = parseLabName(options.name ?? `lab-${randomBytes(4).toString('hex')}`)
  const folder = resolve(options.folder ?? join(labHome(), name))
  const found = typeof topology === 'string' ? await findTopology(topology) : topology
  const result = await bringUp({
    name,
    folder,
    topology: found,
    bare,
    keyLog,
    backend: chooseBackend(options.backend),
    proxy: chooseProxy(options.proxy),
    ...(options.image !== undefined && { image: options.image }),
    ...(signal && { signal }),
  })
  if (result.kind === 'already-up') {
    throw new LabError(`A lab runs in ${folder} already; take it down or choose another name.`)
  }
  return new LabClient(found, result.launched)
}
