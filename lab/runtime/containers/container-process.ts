import type { Container, ContainerCreateOptions } from 'dockerode'
import { createWriteStream } from 'node:fs'
import { constants } from 'node:os'
import { finished } from 'node:stream/promises'
import { messageOf } from '#lab/run/fault.ts'
import type { RuntimeProcess } from '#lab/runtime/runtime.ts'
import { signalGroup } from '#lab/runtime/signal-group.ts'
import type { ContainerEnds } from './container-ends.ts'
import { demultiplex } from './demultiplex.ts'
import { startFault, statusOf, type Engine } from './engine.ts'

export interface ContainerProcessOptions {
  readonly engine: Engine
  readonly ends: ContainerEnds
  readonly spec: ContainerCreateOptions
  /** Open for appending; closed when the process has ended. */
  readonly logFd: number
}

/** A process of a node: the one thing that runs in a container of its own, which the engine removes when it ends. */
export class ContainerProcess implements RuntimeProcess {
  readonly ended: Promise<string>
  #pid: number | undefined
  readonly #early: NodeJS.Signals[] = []
  #over = false

  constructor(options: ContainerProcessOptions) {
    this.ended = this.#run(options)
  }

  get pid(): number | undefined {
    return this.#pid
  }

  /** As the leader of its group it is reached by the kernel, with all that it has started; the engine tells nobody else. */
  signal(signal: NodeJS.Signals): void {
    if (this.#over) return
    if (this.#pid === undefined) this.#early.push(signal)
    else signalGroup(this.#pid, signal)
  }

  async #run({ engine, ends, spec, logFd }: ContainerProcessOptions): Promise<string> {
    const log = createWriteStream('', { fd: logFd })
    let started = false
    try {
      const container = await engine.createContainer(spec)
      const output = await container.attach({ stream: true, stdout: true, stderr: true })
      const written = demultiplex(output, { stdout: log, stderr: log }).catch(() => {})
      await container.start()
      started = true
      this.#pid = await findPid(container)
      for (const signal of this.#early) signalGroup(this.#pid, signal)
      const code = await ends.ended(container.id)
      this.#over = true
      await written
      return describeEnd(code)
    } catch (error) {
      return started ? messageOf(error) : `cannot be started: ${startFault(error)}`
    } finally {
      this.#over = true
      this.#pid = undefined
      log.end()
      await finished(log).catch(() => {})
    }
  }
}

/** The number of a container's first process here; nothing when it has ended. */
async function findPid(container: Container): Promise<number | undefined> {
  try {
    const { Pid } = (await container.inspect()).State
    return Pid === 0 ? undefined : Pid
  } catch (error) {
    const gone = 404
    if (statusOf(error) === gone) return undefined
    throw error
  }
}

/** The engine tells a signal as shells do, by 128 and its number. */
function describeEnd(code: number): string {
  return signalOf(code) ?? `exit code ${code}`
}

export function signalOf(code: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0]
}
