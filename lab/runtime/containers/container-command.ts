import type { Container, Exec } from 'dockerode'
import { setTimeout as delay } from 'node:timers/promises'
import { PassThrough, type Duplex } from 'node:stream'
import type { Environment, RuntimeCommand } from '#lab/runtime/runtime.ts'
import { signalGroup } from '#lab/runtime/signal-group.ts'
import type { ContainerEnds } from './container-ends.ts'
import { signalOf } from './container-process.ts'
import { toList } from './container-spec.ts'
import { demultiplex } from './demultiplex.ts'
import { startFault } from './engine.ts'

const lookAgainMs = 5

export interface ContainerCommandOptions {
  readonly container: Container
  readonly ends: ContainerEnds
  readonly argv: readonly [string, ...string[]]
  readonly environment: Environment
  /** Working directory. */
  readonly folder: string
}

/** A command run beside what runs in a container, as `docker exec` does. */
export class ContainerCommand implements RuntimeCommand {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly exit: Promise<number | null>
  readonly #started: Promise<{ readonly exec: Exec; readonly stream: Duplex }>
  #killed = false
  #over = false

  constructor(options: ContainerCommandOptions) {
    this.#started = this.#start(options)
    this.exit = this.#run(options)
  }

  readonly kill = (): void => {
    this.#killed = true
    void this.#kill()
    this.stdout.destroy()
    this.stderr.destroy()
  }

  async #start({ container, argv, environment, folder }: ContainerCommandOptions) {
    const exec = await container.exec({
      Cmd: [...argv],
      Env: toList(environment),
      WorkingDir: folder,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    })
    return { exec, stream: await exec.start({ hijack: true, stdin: true }) }
  }

  async #run({ argv, ends }: ContainerCommandOptions): Promise<number | null> {
    try {
      const { exec, stream } = await this.#started
      // It may end without having read its input.
      stream.on('error', () => {})
      this.stdin.pipe(stream)
      let said = ''
      const outputEnd = demultiplex(
        keepStart(stream, (text) => (said = text)),
        this,
      ).catch(() => {})
      void outputEnd.then(() => {
        this.stdout.end()
        this.stderr.end()
        return undefined
      })
      const ended = ends.ended(exec.id)
      const unstarted = outputEnd.then(() => this.#refuseUnstarted(exec, said))
      const code = await Promise.race([ended, unstarted.then(() => ended)])
      return this.#killed || signalOf(code) !== undefined ? null : code
    } catch (error) {
      this.stdout.end()
      this.stderr.end()
      if (this.#killed) return null
      throw new Error(`${argv[0]}: ${startFault(error)}`, { cause: error })
    } finally {
      this.#over = true
    }
  }

  async #refuseUnstarted(exec: Exec, said: string): Promise<void> {
    const { Running, Pid } = await exec.inspect()
    if (!Running && Pid === 0) throw new Error(said)
  }

  async #kill(): Promise<void> {
    try {
      const { exec, stream } = await this.#started
      // The engine answers before the command runs.
      while (!this.#over) {
        const { Running, Pid } = await exec.inspect()
        if (Running && Pid !== 0) {
          signalGroup(Pid, 'SIGKILL')
          break
        }
        await delay(lookAgainMs)
      }
      stream.destroy()
    } catch {
      // It was not there to be killed, which `exit` tells.
    }
  }
}

/** Passes a stream on; what comes first is where the engine says that a program cannot be started. */
async function* keepStart(
  stream: AsyncIterable<Buffer>,
  keep: (text: string) => void,
): AsyncGenerator<Buffer> {
  let isFirst = true
  for await (const chunk of stream) {
    if (isFirst) keep(chunk.toString())
    isFirst = false
    yield chunk
  }
}
