import type { ProcessStatus } from '#lab/lab.ts'
import type { Environment, Runtime, RuntimeProcess } from '#lab/runtime/runtime.ts'
import type { ProcessPlan } from '#lab/topology/plan-process.ts'

const killAfterMs = 5_000

/** One process of a node through its starts and ends. It is never restarted unasked: a death stays visible. */
export class LabProcess {
  readonly plan: ProcessPlan
  readonly #runtime: Runtime
  readonly #environment: Environment
  #process: RuntimeProcess | undefined
  #state: ProcessStatus['state'] = 'not-started'
  #ended: string | undefined
  #exit: Promise<undefined> = Promise.resolve(undefined)
  #wrapper: readonly string[] = []
  #paused = false

  constructor(plan: ProcessPlan, runtime: Runtime, environment: Environment) {
    this.plan = plan
    this.#runtime = runtime
    this.#environment = { ...environment, ...plan.environment }
  }

  get status(): ProcessStatus {
    const { name } = this.plan
    return { name, state: this.#state, pid: this.pid, ended: this.#ended }
  }

  /** Of the living process, as seen in the lab. */
  get pid(): number | undefined {
    return this.alive ? this.#process?.pid : undefined
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
    const [program = '', ...rest] = [...this.#wrapper, ...this.plan.argv]
    this.#process = this.#runtime.start(
      { ...this.plan, argv: [program, ...rest] },
      this.#environment,
    )
    this.#state = 'starting'
    this.#paused = false
    this.#ended = undefined
    this.#exit = this.#watch(this.#process)
  }

  markReady(): void {
    if (this.#state === 'starting') this.#state = 'running'
  }

  /** Puts a command before its own from the next start on, one that becomes it; none when empty. */
  runBehind(wrapper: readonly string[]): void {
    this.#wrapper = wrapper
  }

  get paused(): boolean {
    return this.alive && this.#paused
  }

  /** Holds it up, with all it started, or lets it go on; does nothing when it does not run. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (!this.alive) return
    this.#process?.signal(signal)
    this.#paused = signal === 'SIGSTOP'
  }

  /** Ends it with a signal, with SIGKILL when that is not heard within five seconds. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.alive) return
    this.#state = 'stopped'
    this.#process?.signal(signal)
    const hard = setTimeout(() => {
      this.#process?.signal('SIGKILL')
    }, killAfterMs)
    try {
      await this.#exit
      // Its children may outlive it (what ncat runs for a connection).
      this.#process?.signal('SIGKILL')
    } finally {
      clearTimeout(hard)
    }
  }

  async #watch(process: RuntimeProcess): Promise<undefined> {
    this.#ended = await process.ended
    if (this.#state !== 'stopped') this.#state = 'dead'
    return undefined
  }
}
