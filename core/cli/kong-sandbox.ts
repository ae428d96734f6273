import { execFile } from 'node:child_process'
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runningPid } from '#core/kong/pid-file.ts'

export const kongCommand = fileURLToPath(new URL('../bin/kong', import.meta.url))

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A folder in which the kong command is run as a person would; what still runs there in the end is killed. */
export interface KongSandbox extends AsyncDisposable {
  readonly folder: string
  /** `input` is what a person types; without it nobody answers. */
  kong(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    input?: string,
  ): Promise<Finished>
  errorLog(prefix: string): Promise<string>
}

export async function openKongSandbox(): Promise<KongSandbox> {
  const temporary = await mkdtempDisposable(join(tmpdir(), 'kong-'))
  const folder = temporary.path
  const prefixes = new Set<string>()
  return {
    folder,
    kong: (args, env = {}, input = '') => {
      if (env['KONG_PREFIX'] !== undefined) prefixes.add(join(folder, env['KONG_PREFIX']))
      return run(args, { cwd: folder, env, input })
    },
    errorLog: (prefix) => readFile(join(folder, prefix, 'logs/error.log'), 'utf8'),
    [Symbol.asyncDispose]: async () => {
      for (const prefix of prefixes) {
        const pid = runningPid(prefix)
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
      }
      await temporary.remove()
    },
  }
}

function run(
  args: readonly string[],
  {
    cwd,
    env,
    input,
  }: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
    readonly input: string
  },
): Promise<Finished> {
  const { promise, resolve } = Promise.withResolvers<Finished>()
  const options = { cwd, env: { PATH: process.env['PATH'], ...env }, timeout: 50_000 }
  const child = execFile(kongCommand, args, options, (error, stdout, stderr) => {
    const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
    resolve({ exitCode, stdout, stderr })
  })
  // A command that asks nothing may end before it is told anything.
  child.stdin?.on('error', () => {}).end(input)
  return promise
}
