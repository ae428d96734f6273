import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { parseConfig } from '#core/kong/config/parse-config.ts'
import { openKongLogs, type KongLogs } from '#core/kong/logs.ts'
import { preparePrefix } from '#core/kong/prefix.ts'
import { sampleRoute, sampleService } from '#core/kong/entities/route-samples.ts'
import { routes } from '#core/kong/entities/route.ts'
import { services } from '#core/kong/entities/service.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import { parseApplied } from './applied-line.ts'
import { freePorts } from '#core/base/loopback-ports.ts'
import { openKongNode } from './kong-node.ts'

interface Prefix extends AsyncDisposable {
  readonly path: string
  config(env: Readonly<Record<string, string>>): KongConfig
  logs(config: KongConfig): Promise<KongLogs>
  errorLog(): Promise<string>
}

async function openPrefix(): Promise<Prefix> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'node-'))
  const path = join(folder.path, 'kong-a')
  return {
    path,
    config: (env) =>
      parseConfig({
        env: {
          KONG_PREFIX: path,
          KONG_LOG_LEVEL: 'debug',
          KONG_PROXY_LISTEN: 'off',
          KONG_ADMIN_LISTEN: 'off',
          ...env,
        },
        flags: {},
        cwd: '/',
        fileExists: existsSync,
      }),
    logs: (config) => {
      preparePrefix(config)
      return openKongLogs(config)
    },
    errorLog: () => readFile(join(path, 'logs/error.log'), 'utf8'),
    [Symbol.asyncDispose]: () => folder.remove(),
  }
}

/** A server that says where it saw the client come from, and echoes. */
async function openEcho(): Promise<AsyncDisposable & { readonly port: number }> {
  const [port = 0] = await freePorts(1)
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write(`from ${socket.remoteAddress}\n`)
    socket.pipe(socket)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Stores what sends every stream to `listenPort` on to `targetPort`, as another process of the cluster would. */
async function storeStream(
  config: KongConfig,
  listenPort: number,
  targetPort: number,
): Promise<void> {
  await using store = await openSqliteStore(config.sqliteFile)
  await store.write(async (transaction) => {
    const service = sampleService({
      name: 'echo',
      protocol: 'tcp',
      host: '127.0.0.1',
      port: targetPort,
      retries: 0,
      connect_timeout: 1000,
    })
    const route = sampleRoute({
      name: 'echo',
      protocols: ['tcp'],
      destinations: [{ ip: null, port: listenPort }],
      service: { id: service.id },
    })
    await transaction.insert(services.collection, service)
    await transaction.insert(routes.collection, route)
  })
}

async function readLine(socket: Socket): Promise<string> {
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}

describe('openKongNode', () => {
  it('proxies what another process stored, from the address that proxy_bind names, and logs each step', async () => {
    await using prefix = await openPrefix()
    await using echo = await openEcho()
    const [port = 0] = await freePorts(1)
    const config = prefix.config({
      KONG_STREAM_LISTEN: `127.0.0.1:${port}`,
      KONG_NGINX_SPROXY_PROXY_BIND: '127.0.0.3',
    })
    {
      await using logs = await prefix.logs(config)
      await using _node = await openKongNode(config, { logs })
      await storeStream(config, port, echo.port)
      await expect
        .poll(() => prefix.errorLog(), { interval: 10 })
        .toMatch(/1 services, 1 routes, 1 listeners/)
      const client = connect(port, '127.0.0.1')
      expect(await readLine(client)).toBe('from 127.0.0.3\n')
      client.end('bye\n')
      expect(await readLine(client)).toBe('bye\n')
      await once(client, 'close')
      const log = await prefix.errorLog()
      const applied = log
        .split('\n')
        .map(parseApplied)
        .filter((found) => found !== undefined)
      expect(applied[0]).toMatchObject({ services: 0, routes: 0, listeners: 1 })
      expect(applied.at(-1)).toMatchObject({ services: 1, routes: 1, listeners: 1 })
    }
    const log = await prefix.errorLog()
    expect(log).toMatch(
      new RegExp(
        `\\[debug\\] .*\\*1 client 127\\.0\\.0\\.1:\\d+ connected to 127\\.0\\.0\\.1:${port}`,
      ),
    )
    expect(log).toContain(`setting address (try 1): 127.0.0.1:${echo.port}`)
    expect(await readFile(join(prefix.path, 'logs/access.log'), 'utf8')).toMatch(
      /^127\.0\.0\.1 \[.*\] TCP 200 19 4 \d+\.\d{3}\n$/,
    )
  })

  it('names every address that it cannot have, and keeps none of the others', async () => {
    await using prefix = await openPrefix()
    const [free = 0, taken = 0, admin = 0] = await freePorts(3)
    const holders = await Promise.all([hold(taken), hold(admin)])
    const config = prefix.config({
      KONG_PROXY_LISTEN: `127.0.0.1:${free}`,
      KONG_STREAM_LISTEN: `127.0.0.1:${taken}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    })
    await using logs = await prefix.logs(config)
    const opening = openKongNode(config, { logs })
    await expect(opening).rejects.toThrow(`127.0.0.1:${taken}`)
    await expect(opening).rejects.toThrow(`127.0.0.1:${admin}`)
    const probe = await hold(free)
    for (const server of [probe, ...holders]) server.close()
  })

  it('keeps connections while it goes over to another configuration', async () => {
    await using prefix = await openPrefix()
    await using echo = await openEcho()
    const [first = 0, second = 0] = await freePorts(2)
    const before = prefix.config({ KONG_STREAM_LISTEN: `127.0.0.1:${first}` })
    await storeStream(before, first, echo.port)
    await using logs = await prefix.logs(before)
    await using node = await openKongNode(before, { logs })
    const client = connect(first, '127.0.0.1')
    expect(await readLine(client)).toBe('from 127.0.0.1\n')

    await node.reload(
      prefix.config({ KONG_STREAM_LISTEN: `127.0.0.1:${second}`, KONG_LOG_LEVEL: 'error' }),
    )
    client.write('still here\n')
    expect(await readLine(client)).toBe('still here\n')
    client.destroy()
    const late = connect(first, '127.0.0.1')
    await expect(once(late, 'connect')).rejects.toThrow('ECONNREFUSED')
    const next = connect(second, '127.0.0.1')
    await once(next, 'connect')
    next.destroy()
  })

  it('is as before after a reload that cannot be carried out', async () => {
    await using prefix = await openPrefix()
    await using echo = await openEcho()
    const [port = 0, admin = 0, taken = 0] = await freePorts(3)
    const config = prefix.config({
      KONG_STREAM_LISTEN: `127.0.0.1:${port}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    })
    await storeStream(config, port, echo.port)
    await using logs = await prefix.logs(config)
    await using node = await openKongNode(config, { logs })
    const holder = await hold(taken)
    await expect(
      node.reload(
        prefix.config({
          KONG_STREAM_LISTEN: 'off',
          KONG_ADMIN_LISTEN: `127.0.0.1:${taken}`,
        }),
      ),
    ).rejects.toThrow(`127.0.0.1:${taken}`)
    holder.close()
    const client = connect(port, '127.0.0.1')
    expect(await readLine(client)).toBe('from 127.0.0.1\n')
    client.destroy()
    expect((await fetch(`http://127.0.0.1:${admin}/services/echo`)).status).toBe(200)
  })

  it('serves a change of its own Admin API as soon as the answer is there', async () => {
    await using prefix = await openPrefix()
    await using echo = await openEcho()
    const [port = 0, admin = 0] = await freePorts(2)
    const config = prefix.config({
      KONG_STREAM_LISTEN: `127.0.0.1:${port}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    })
    await using logs = await prefix.logs(config)
    await using _node = await openKongNode(config, { logs })
    const api = `http://127.0.0.1:${admin}`
    const put = await fetch(`${api}/services/echo`, {
      method: 'PUT',
      body: new URLSearchParams({ url: `tcp://127.0.0.1:${echo.port}` }),
    })
    expect(put.status).toBe(200)
    const post = await fetch(`${api}/services/echo/routes`, {
      method: 'POST',
      body: new URLSearchParams({ protocols: 'tcp', 'destinations[1].port': String(port) }),
    })
    expect(post.status).toBe(201)
    const client = connect(port, '127.0.0.1')
    expect(await readLine(client)).toBe('from 127.0.0.1\n')
    client.destroy()
  })

  it('makes a default certificate once and uses it again', async () => {
    await using prefix = await openPrefix()
    const [port = 0] = await freePorts(1)
    const config = prefix.config({ KONG_PROXY_LISTEN: `127.0.0.1:${port} ssl` })
    const file = join(prefix.path, 'ssl/kong-default.crt')
    await using logs = await prefix.logs(config)
    {
      await using _node = await openKongNode(config, { logs })
      await expect.poll(() => existsSync(file)).toBe(true)
    }
    const made = await readFile(file, 'utf8')
    {
      await using _node = await openKongNode(config, { logs })
      expect(await presentedCertificate(port)).toBe(made.replaceAll('\r', ''))
    }
    expect(await readFile(file, 'utf8')).toBe(made)
    expect(existsSync(join(prefix.path, 'ssl/admin-kong-default.crt'))).toBe(false)
  })

  it('drains: accepts no more and waits for the connections it has', async () => {
    await using prefix = await openPrefix()
    await using echo = await openEcho()
    const [port = 0] = await freePorts(1)
    const config = prefix.config({ KONG_STREAM_LISTEN: `127.0.0.1:${port}` })
    await storeStream(config, port, echo.port)
    await using logs = await prefix.logs(config)
    await using node = await openKongNode(config, { logs })
    const client = connect(port, '127.0.0.1')
    await readLine(client)
    const drained = node.drain(10_000)
    await expect
      .poll(() => once(connect(port, '127.0.0.1'), 'connect').then(() => 'open', String))
      .toMatch(/ECONNREFUSED/)
    client.write('last words\n')
    expect(await readLine(client)).toBe('last words\n')
    client.end()
    expect(await drained).toBe('drained')
  })
})

async function hold(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function presentedCertificate(port: number): Promise<string> {
  const { connect: connectTls } = await import('node:tls')
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const certificate = socket.getPeerX509Certificate()
  socket.destroy()
  return certificate?.toString() ?? ''
}
