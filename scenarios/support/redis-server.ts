import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './free-port.ts'

/** A Redis of its own on loopback, which forgets everything at its end. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
}

/** @throws Error with what the server said when it does not come up. */
export async function openRedisServer(): Promise<RedisServer> {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await mkdtempDisposable(join(tmpdir(), 'redis-')))
  const host = '127.0.0.1'
  const port = await freePort(host)
  const settings = ['--bind', host, '--dir', folder.path, '--save', '', '--appendonly', 'no']
  // Debian's package redis-tools has the server in it, under the name of the checker.
  const server = spawn('redis-check-rdb', ['--port', `${port}`, ...settings], {
    argv0: 'redis-server',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(server, 'spawn')
  opening.defer(async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  })
  const said: string[] = []
  let ready = false
  for await (const line of createInterface({ input: server.stdout })) {
    said.push(line)
    ready = line.includes('Ready to accept connections')
    if (ready) break
  }
  if (!ready) throw new Error(`redis-server ended:\n${said.join('\n')}`)
  server.stdout.resume()
  const owned = opening.move()
  return { host, port, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
