import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { openServerProcess } from './server-process.ts'

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
  opening.use(
    // Debian's package redis-tools has the server in it, under the name of the checker.
    await openServerProcess('redis-check-rdb', {
      argv0: 'redis-server',
      args: ['--port', `${port}`, ...settings],
      cwd: folder.path,
      ready: { on: 'stdout', says: 'Ready to accept connections' },
      endBy: 'SIGKILL',
    }),
  )
  const owned = opening.move()
  return { host, port, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
