import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePorts } from '#core/base/loopback-ports.ts'

/** A real Redis for tests, on a port of its own of the loopback interface. */
export interface TestRedis extends AsyncDisposable {
  readonly port: number
  /** Ends the server; what it had is forgotten. */
  stop(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  /** Lets it keep its connections and answer nothing, until `thaw`. */
  freeze(): void
  thaw(): void
}

export async function openTestRedis({
  password,
}: { readonly password?: string } = {}): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'meshyard-redis-'))
  const [port = 0] = await freePorts(1)
  const settings = {
    port: `${port}`,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'no',
    ...(password !== undefined && { requirepass: password }),
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  let server: ChildProcess | undefined
  const redis: TestRedis = {
    port,
    start: async () => {
      server = await startServer(args)
    },
    stop: async () => {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
    },
    freeze: () => server?.kill('SIGSTOP'),
    thaw: () => server?.kill('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      await redis.stop()
      await rm(folder, { recursive: true })
    },
  }
  await redis.start()
  return redis
}

async function startServer(args: readonly string[]): Promise<ChildProcess> {
  const server = spawn('redis-check-rdb', args, {
    // Debian has server and checker in one program, which goes by its name; that package brings no service along.
    argv0: 'redis-server',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const failed = once(server, 'error').then(([error]: unknown[]) => {
    throw new Error('redis-server does not start; is it installed?', { cause: error })
  })
  const ready = async (): Promise<void> => {
    const lines: string[] = []
    for await (const line of createInterface({ input: server.stdout })) {
      lines.push(line)
      if (line.includes('Ready to accept connections')) {
        server.stdout.resume()
        return
      }
    }
    throw new Error(`redis-server ended:\n${lines.join('\n')}`)
  }
  await Promise.race([ready(), failed])
  return server
}
