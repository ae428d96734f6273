import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { spawnInNamespace } from '#netns/command.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import type { ProcessStatus } from '#lab/lab.ts'
import type { ProcessPlan } from '#lab/topology/plan-process.ts'
import { errorCode, messageOf } from '#lab/run/fault.ts'

const killAfterMs = 5_000

/** One process of a node through its starts and ends. It is never restarted unasked: a death stays visible. */
export class LabProcess {
  readonly plan: ProcessPlan
  readonly #namespace: NetworkNamespace
  readonly #environment: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #state: ProcessStatus['state'] = 'not-started'
  #ended: string | undefined
  #exit: Promise<undefined> = Promise.resolve(undefined)

  constructor(
    plan: ProcessPlan,
    namespace: NetworkNamespace,
    environment: Readonly<Record<string, string>>,
  ) {
    this.plan = plan
    this.#namespace = namespace
    this.#environment = environment
  }

  get status(): ProcessStatus {
    const { name } = this.plan
    return { name, state: this.#state, pid: this.pid, ended: this.#ended }
  }

  /** Of the living process, as seen in the lab. */
  get pid(): number | undefined {
    return this.alive ? this.#child?.pid : undefined
  }

  get alive(): boolean {
    return this.#state === 'starting' || this.#state === 'running'
  }

  /** How it ended, in words. */
  get ended(): string | undefined {
    return this.#ended
  }

  /** Starts it when it does not run. Its output is appended to its log. */
  start(): void {
    if (this.alive) return
    const { argv, environment, log } = this.plan
    const output = openSync(log, 'a')
    try {
      this.#child = spawnInNamespace(this.#namespace, argv, {
        // A group of its own, so that what it starts can be stopped with it.
        detached: true,
        env: { ...this.#environment, ...environment },
        stdio: ['ignore', output, output],
      })
    } finally {
      closeSync(output)
    }
    this.#state = 'starting'
    this.#ended = undefined
    this.#exit = this.#watch(this.#child)
  }

  markReady(): void {
    if (this.#state === 'starting') this.#state = 'running'
  }

  /** Ends it with a signal, with SIGKILL when that is not heard within five seconds. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.alive) return
    this.#state = 'stopped'
    this.#signalGroup(signal)
    const hard = setTimeout(() => {
      this.#signalGroup('SIGKILL')
    }, killAfterMs)
    try {
      await this.#exit
      // Its children may outlive it (what ncat runs for a connection).
      this.#signalGroup('SIGKILL')
    } finally {
      clearTimeout(hard)
    }
  }

  async #watch(child: ChildProcess): Promise<undefined> {
    try {
      const [code, signal]: (number | string | null)[] = await once(child, 'exit')
      this.#ended = typeof signal === 'string' ? signal : `exit code ${code}`
    } catch (error) {
      this.#ended = `cannot be started: ${messageOf(error)}`
    }
    if (this.#state !== 'stopped') this.#state = 'dead'
    return undefined
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error
    }
  }
}
