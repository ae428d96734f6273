import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openKongSandbox, type KongSandbox } from '#core/cli/kong-sandbox.ts'
import { freePorts, listenOnLoopback } from '#core/base/loopback-ports.ts'

interface Busy extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  /** The client's answer to the request that is under way. */
  readonly answer: Promise<string>
  /** Lets the upstream answer. */
  finish(): void
}

/** A node with one request under way. */
async function openBusyNode(sandbox: KongSandbox): Promise<Busy> {
  const waiting = Promise.withResolvers<ServerResponse>()
  const server = createServer((_, response) => waiting.resolve(response))
  const servicePort = await listenOnLoopback(server)
  const document = `{_format_version: "1.1", services: [{url: "http://127.0.0.1:${servicePort}", routes: [{paths: [/]}]}]}`
  await writeFile(join(sandbox.folder, 'kong.yml'), document)
  const [port = 0] = await freePorts(1)
  const env = {
    KONG_PREFIX: 'kong-a',
    KONG_DATABASE: 'off',
    KONG_DECLARATIVE_CONFIG: 'kong.yml',
    KONG_PLUGINS: 'off',
    KONG_PROXY_LISTEN: `127.0.0.1:${port}`,
    KONG_ADMIN_LISTEN: 'off',
  }
  expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0, stderr: '' })
  const answer = fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.text(),
    () => 'cut off',
  )
  const response = await waiting.promise
  return {
    env,
    port,
    answer,
    finish: () => response.end('finished'),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function refuses(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}

describe('kong quit', () => {
  it('case 83: lets what is under way finish and takes nothing new', async () => {
    await using sandbox = await openKongSandbox()
    await using busy = await openBusyNode(sandbox)
    expect(await refuses(busy.port)).toBe(false)
    const quitting = sandbox.kong(['quit'], busy.env)
    await expect.poll(() => refuses(busy.port)).toBe(true)
    busy.finish()
    expect(await busy.answer).toBe('finished')
    expect(await quitting).toEqual({
      exitCode: 0,
      stdout: 'Kong stopped (gracefully)\n',
      stderr: '',
    })
  })

  it('case 83: stops by force when --timeout has passed', async () => {
    await using sandbox = await openKongSandbox()
    await using busy = await openBusyNode(sandbox)
    expect(await sandbox.kong(['quit', '--timeout', '1'], busy.env)).toEqual({
      exitCode: 0,
      stdout: 'Timeout, Kong stopped forcefully\n',
      stderr: '',
    })
    expect(await busy.answer).toBe('cut off')
    expect((await sandbox.kong(['health'], busy.env)).exitCode).toBe(1)
  })

  it('case 83: serves on for as long as --wait says', async () => {
    await using sandbox = await openKongSandbox()
    await using busy = await openBusyNode(sandbox)
    const began = performance.now()
    const quitting = sandbox.kong(['quit', '--wait', '2', '--timeout', '15'], busy.env)
    // A part of the wait has passed when this is asked.
    await expect.poll(() => performance.now() - began).toBeGreaterThan(500)
    expect(await refuses(busy.port)).toBe(false)
    busy.finish()
    expect(await busy.answer).toBe('finished')
    expect(await quitting).toMatchObject({ exitCode: 0, stdout: 'Kong stopped (gracefully)\n' })
    expect(performance.now() - began).toBeGreaterThan(2000)
  })
})
