import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { MeshError } from '#core/base/errors.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { isSyslog } from '#core/kong/config/log-target.ts'
import { parseVerdict, verdictFd } from './verdict.ts'

/**
 * Starts the node of a prepared prefix in a session of its own and waits for its verdict.
 * @throws MeshError with the node's reason when it could not start.
 */
export async function spawnNode(config: KongConfig): Promise<void> {
  // What the process itself has to say, such as an uncaught fault.
  const lastWords = isSyslog(config.proxyErrorLog)
    ? join(config.prefix, 'logs/error.log')
    : config.proxyErrorLog
  const errorLog = openSync(lastWords, 'a')
  const main = fileURLToPath(new URL('./daemon.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-sigusr1', main, config.prefix], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', errorLog, errorLog, 'pipe'],
  })
  closeSync(errorLog)
  const pipe = child.stdio[verdictFd]
  if (!(pipe instanceof Readable)) throw new TypeError('the verdict pipe is missing')
  const ended = once(child, 'exit')
  // A process that cannot be started is told by 'error', below.
  ended.catch(() => {})
  const said = await Promise.race([
    pipe.toArray(),
    once(child, 'error').then(([error]) => {
      throw error
    }),
  ])
  const text = Buffer.concat(said).toString()
  if (text === '') {
    const [code, signal] = await ended
    throw new MeshError(
      'start-failed',
      `Kong ended before it was ready (${signal ?? `exit code ${code}`}): see ${lastWords}`,
    )
  }
  const verdict = parseVerdict(text)
  if (!verdict.ready) {
    // Nothing is left running when the command returns.
    await ended
    throw new MeshError('start-failed', verdict.reason)
  }
  child.unref()
}
