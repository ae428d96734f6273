import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ServerProcessOptions {
  readonly args: readonly string[]
  /** What it goes by, where that is not its program's name. */
  readonly argv0?: string
  readonly cwd: string
  /** Who runs it. Default: who runs this process. */
  readonly identity?: { readonly uid: number; readonly gid: number } | undefined
  /** It is ready once a line of this output contains this text. */
  readonly ready: { readonly on: 'stdout' | 'stderr'; readonly says: string }
  readonly endBy: 'SIGINT' | 'SIGKILL'
}

/**
 * Starts a server of another's making and resolves once it says that it is ready; disposing of it ends it.
 * @throws Error with what it said when it ends before.
 */
export async function openServerProcess(
  program: string,
  { args, argv0 = program, cwd, identity, ready, endBy }: ServerProcessOptions,
): Promise<AsyncDisposable> {
  const server = spawn(program, args, {
    ...identity,
    argv0,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await using opening = new AsyncDisposableStack()
  await once(server, 'spawn')
  opening.defer(async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill(endBy)
    await once(server, 'exit')
  })
  server[ready.on === 'stdout' ? 'stderr' : 'stdout'].resume()
  const said: string[] = []
  let isReady = false
  for await (const line of createInterface({ input: server[ready.on] })) {
    said.push(line)
    isReady = line.includes(ready.says)
    if (isReady) break
  }
  if (!isReady) throw new Error(`${argv0} ended:\n${said.join('\n')}`)
  server[ready.on].resume()
  return opening.move()
}
