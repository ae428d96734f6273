import type { Readable, Writable } from 'node:stream'
import type { Network } from '#netns/network.ts'
import type { ProcessPlan } from '#lab/topology/plan-process.ts'

/** What labs can run on. */
export const backends = ['namespaces', 'containers'] as const
export type Backend = (typeof backends)[number]

/**
 * What the nodes of one lab run on, with its network built: every implementation behaves as `runtime-suite.ts` claims.
 * Disposing of it removes all that it made.
 */
export interface Runtime extends AsyncDisposable {
  readonly backend: Backend
  readonly network: Network
  /**
   * Starts a process of a node with the run folder as its working directory; its output is appended to the plan's log.
   * That it cannot be started is told by `ended`.
   */
  start(plan: ProcessPlan, environment: Environment): RuntimeProcess
  /** Starts a command in a namespace of the lab, in the run folder. */
  run(
    namespace: string,
    argv: readonly [string, ...string[]],
    environment: Environment,
  ): RuntimeCommand
}

/** The whole environment of a process, but for what a backend must add. */
export type Environment = Readonly<Record<string, string>>

export interface RuntimeProcess {
  /** As the holder sees it; not known before it runs. */
  readonly pid: number | undefined
  /** Resolves once it has ended with how, in words: `exit code 1`, `SIGKILL`, `cannot be started: …`. Never rejects. */
  readonly ended: Promise<string>
  /** Reaches the process and whatever it started; does nothing when all of them have ended. */
  signal(signal: NodeJS.Signals): void
}

export interface RuntimeCommand {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** `null` when a signal ended it. Rejects when it cannot be started. */
  readonly exit: Promise<number | null>
  /** Ends it and what it started at once, and its output with it. */
  readonly kill: () => void
}
