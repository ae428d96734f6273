import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePorts, listenOnLoopback } from '#core/base/loopback-ports.ts'
import { openKongSandbox } from './kong-sandbox.ts'

const common = { KONG_PREFIX: 'kong-a', KONG_PLUGINS: 'off' }

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function statusOf(port: number, path = '/'): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).status
}

describe('listeners of a node', () => {
  it('case 40: has only the Admin API when proxy_listen is off', async () => {
    await using sandbox = await openKongSandbox()
    const [proxy = 0, admin = 0] = await freePorts(2)
    const env = { ...common, KONG_ADMIN_LISTEN: `127.0.0.1:${admin}` }
    const off = { ...env, KONG_PROXY_LISTEN: 'off' }
    expect(await sandbox.kong(['start'], off)).toMatchObject({ exitCode: 0 })
    expect(await statusOf(admin)).toBe(200)
    expect(await isOpen(proxy)).toBe(false)
    // The control: the port is one that would answer.
    const on = { ...env, KONG_PROXY_LISTEN: `127.0.0.1:${proxy}` }
    expect(await sandbox.kong(['restart'], on)).toMatchObject({ exitCode: 0 })
    expect(await statusOf(proxy)).toBe(404)
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('cases 41 and 45: answers on each of several proxy and Admin API addresses', async () => {
    await using sandbox = await openKongSandbox()
    const [first = 0, second = 0, third = 0, fourth = 0] = await freePorts(4)
    const env = {
      ...common,
      KONG_PROXY_LISTEN: `127.0.0.1:${first}, 127.0.0.1:${second}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${third}, 127.0.0.1:${fourth}`,
    }
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    expect(await Promise.all([first, second, third, fourth].map((port) => statusOf(port)))).toEqual(
      [404, 404, 200, 200],
    )
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('cases 42 and 45: closes the stream ports and the Admin API that are off', async () => {
    await using sandbox = await openKongSandbox()
    const [proxy = 0, admin = 0, stream = 0] = await freePorts(3)
    const env = {
      ...common,
      KONG_PROXY_LISTEN: `127.0.0.1:${proxy}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
      KONG_STREAM_LISTEN: `127.0.0.1:${stream}`,
    }
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    expect(await Promise.all([proxy, admin, stream].map(isOpen))).toEqual([true, true, true])
    const off = { ...env, KONG_ADMIN_LISTEN: 'off', KONG_STREAM_LISTEN: 'off' }
    expect(await sandbox.kong(['restart'], off)).toMatchObject({ exitCode: 0 })
    expect(await Promise.all([proxy, admin, stream].map(isOpen))).toEqual([true, false, false])
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('case 46: adds the header of an injected add_header to proxied answers', async () => {
    await using sandbox = await openKongSandbox()
    const server = createServer((_, response) => response.end('hello'))
    const servicePort = await listenOnLoopback(server)
    await writeFile(
      join(sandbox.folder, 'kong.yml'),
      `{_format_version: "1.1", services: [{url: "http://127.0.0.1:${servicePort}", routes: [{paths: [/]}]}]}`,
    )
    const [port = 0] = await freePorts(1)
    const env = {
      ...common,
      KONG_DATABASE: 'off',
      KONG_DECLARATIVE_CONFIG: 'kong.yml',
      KONG_PROXY_LISTEN: `127.0.0.1:${port}`,
      KONG_ADMIN_LISTEN: 'off',
    }
    const headerOf = async (): Promise<string | null> => {
      const response = await fetch(`http://127.0.0.1:${port}/`)
      expect(response.status).toBe(200)
      return response.headers.get('foo-header')
    }
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await headerOf()).toBeNull()
    const injected = { ...env, KONG_NGINX_PROXY_ADD_HEADER: '"foo-header" "bar-value"' }
    const bare = { ...env, KONG_NGINX_PROXY_ADD_HEADER: 'foo-header bar-value' }
    for (const changed of [bare, injected]) {
      expect(await sandbox.kong(['restart'], changed)).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await headerOf()).toBe('bar-value')
    }
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})
