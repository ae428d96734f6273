import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { openKongSandbox } from '#core/cli/kong-sandbox.ts'
import { freePorts } from '#core/base/loopback-ports.ts'
import { postgresVariables } from '#core/kong/postgres-variables.ts'
import { openTestPostgres } from '#core/store/open-test-postgres.ts'

/**
 * `node core/cli/bench/propagation.ts`: how long after the Admin API of one node has answered a change acts on another
 * node of the cluster, on its proxy port and on its stream port; medians of 50 changes.
 */
const changes = 50

await using postgres = await openTestPostgres()
const target = await postgres.createDatabase()
await using sandbox = await openKongSandbox()
const stores: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SQLite: {},
  PostgreSQL: postgresVariables(target),
}
const figures: Record<string, Record<string, string>> = {}
for (const [name, env] of Object.entries(stores)) {
  // oxlint-disable-next-line no-await-in-loop -- one measurement at a time
  Object.assign(figures, await measure(name, env))
}
console.table(figures)

async function measure(
  store: string,
  env: Readonly<Record<string, string>>,
): Promise<Record<string, Record<string, string>>> {
  const [admin = 0, proxy = 0, stream = 0] = await freePorts(3)
  await kong(`${store}-writer`, {
    ...env,
    KONG_PROXY_LISTEN: 'off',
    KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
  })
  await kong(`${store}-reader`, {
    ...env,
    KONG_PROXY_LISTEN: `127.0.0.1:${proxy}`,
    KONG_STREAM_LISTEN: `127.0.0.1:${stream}`,
    KONG_ADMIN_LISTEN: 'off',
  })
  await using services = await openTwoServices()
  const configure = async (method: string, path: string, body: object): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${admin}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  }
  await configure('PUT', '/services/web', {
    host: '127.0.0.1',
    port: services.http[0],
    protocol: 'http',
  })
  await configure('PUT', '/routes/web', { service: { name: 'web' }, paths: ['/'] })
  await configure('PUT', '/services/tcp', {
    host: '127.0.0.1',
    port: services.tcp[0],
    protocol: 'tcp',
  })
  await configure('PUT', '/routes/tcp', {
    service: { name: 'tcp' },
    protocols: ['tcp'],
    destinations: [{ port: stream }],
  })
  const looks = {
    proxy: async () => (await fetch(`http://127.0.0.1:${proxy}/`)).text(),
    stream: () => text(connect(stream, '127.0.0.1')),
  }
  const rows: Record<string, Record<string, string>> = {}
  for (const [kind, service, ports] of [
    ['proxy', 'web', services.http],
    ['stream', 'tcp', services.tcp],
  ] as const) {
    const times: number[] = []
    for (let change = 0; change <= changes; change++) {
      const next = change % 2
      // oxlint-disable-next-line no-await-in-loop -- one change after the other
      await configure('PATCH', `/services/${service}`, { port: ports[next] })
      const answeredAtMs = performance.now()
      // oxlint-disable-next-line no-await-in-loop
      while ((await looks[kind]()) !== `service ${next}`) {
        if (performance.now() - answeredAtMs > 10_000) throw new Error('the change never arrived')
      }
      // The first change warms up.
      if (change > 0) times.push(performance.now() - answeredAtMs)
    }
    times.sort((a, b) => a - b)
    const at = (share: number): string =>
      `${(times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(1)} ms`
    rows[`${store}, ${kind} port`] = { median: at(0.5), '95 %': at(0.95), most: at(1) }
  }
  return rows
}

async function kong(prefix: string, env: Readonly<Record<string, string>>): Promise<void> {
  const { exitCode, stderr } = await sandbox.kong(['start'], { KONG_PREFIX: prefix, ...env })
  if (exitCode !== 0) throw new Error(stderr)
}

/** Two services for each protocol, which say their number. */
async function openTwoServices(): Promise<
  AsyncDisposable & { readonly http: readonly number[]; readonly tcp: readonly number[] }
> {
  const servers = {
    http: [0, 1].map((number) =>
      createServer((_request, response) => void response.end(`service ${number}`)),
    ),
    tcp: [0, 1].map((number) => createTcpServer((socket) => void socket.end(`service ${number}`))),
  }
  return {
    http: await Promise.all(servers.http.map(listen)),
    tcp: await Promise.all(servers.tcp.map(listen)),
    [Symbol.asyncDispose]: async () => {
      for (const server of servers.http) server.closeAllConnections()
      for (const server of [...servers.http, ...servers.tcp]) server.close()
    },
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}
