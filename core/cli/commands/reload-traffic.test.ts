import { writeFile } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openKongSandbox, type KongSandbox } from '#core/cli/kong-sandbox.ts'
import { freePorts, listenOnLoopback } from '#core/base/loopback-ports.ts'

interface Tally {
  answered: number
  readonly failures: string[]
}

/** Asks again and again until disposed of, and counts what comes back. */
function ask(port: number, keepAlive: boolean, tally: Tally): AsyncDisposable {
  const agent = new Agent({ keepAlive, maxSockets: 1 })
  let stopping = false
  const askOnce = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const failed = (error: Error): void => {
      tally.failures.push(error.message)
      resolve()
    }
    const asked = request({ host: '127.0.0.1', port, path: '/x', agent }, (response) => {
      response.on('error', failed)
      response.on('end', () => {
        if (response.statusCode === 200) tally.answered += 1
        else tally.failures.push(`status ${response.statusCode}`)
        resolve()
      })
      response.resume()
    })
    asked.on('error', failed)
    asked.end()
    return promise
  }
  const running = (async () => {
    // oxlint-disable-next-line no-await-in-loop, no-unmodified-loop-condition -- one request after the other
    while (!stopping) await askOnce()
  })()
  return {
    [Symbol.asyncDispose]: async () => {
      stopping = true
      await running
      agent.destroy()
    },
  }
}

/** Runs `work` under traffic: kept-alive connections, and a new connection for each request. */
async function under(port: number, work: (tally: Tally) => Promise<void>): Promise<Tally> {
  const tally: Tally = { answered: 0, failures: [] }
  await using asking = new AsyncDisposableStack()
  for (const keepAlive of [true, true, false, false]) asking.use(ask(port, keepAlive, tally))
  await expect.poll(() => tally.answered).toBeGreaterThan(20)
  await work(tally)
  return tally
}

interface Proxied extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  readonly port: number
}

async function startProxied(sandbox: KongSandbox): Promise<Proxied> {
  const server = createServer((_, response) => response.end('hello'))
  const servicePort = await listenOnLoopback(server)
  const document = `
_format_version: "1.1"
services:
- { name: s, host: 127.0.0.1, port: ${servicePort}, routes: [{ paths: [/] }] }
`
  await writeFile(join(sandbox.folder, 'kong.yml'), document)
  const [port = 0] = await freePorts(1)
  const env = {
    KONG_PREFIX: 'kong-a',
    KONG_PLUGINS: 'off',
    KONG_PROXY_LISTEN: `127.0.0.1:${port}`,
    KONG_ADMIN_LISTEN: 'off',
  }
  const imported = await sandbox.kong(['config', 'db_import', 'kong.yml'], env)
  expect(imported).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0, stderr: '' })
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { env, port, [Symbol.asyncDispose]: close }
}

describe('kong reload', () => {
  it('drops no connection and refuses no new one, ten times in a row', async () => {
    await using sandbox = await openKongSandbox()
    await using proxied = await startProxied(sandbox)
    const { env, port } = proxied
    const [extra = 0] = await freePorts(1)
    const listen = `127.0.0.1:${port}`
    const tally = await under(port, async () => {
      for (let round = 1; round <= 10; round++) {
        // Settings change with each round, and a second listener comes and goes beside the one in use.
        const changed =
          round % 2 === 0
            ? env
            : { ...env, KONG_LOG_LEVEL: 'info', KONG_PROXY_LISTEN: `${listen}, 127.0.0.1:${extra}` }
        expect(await sandbox.kong(['reload'], changed)).toMatchObject({ exitCode: 0 })
        const applied = new RegExp(`configuration ${round + 1}\\.\\d+ applied`)
        await expect.poll(() => sandbox.errorLog('kong-a')).toMatch(applied)
      }
    })
    expect(tally.failures).toEqual([])
    expect(tally.answered).toBeGreaterThan(100)

    // The control: a restart is noticed by the very same traffic.
    const disturbed = await under(port, async () => {
      expect(await sandbox.kong(['restart'], env)).toMatchObject({ exitCode: 0 })
    })
    expect(disturbed.failures).not.toEqual([])
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  }, 180_000)
})
