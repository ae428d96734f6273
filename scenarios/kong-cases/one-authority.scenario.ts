import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { openKongCluster } from '#scenarios/support/kong-cluster.ts'
import { kongCommand } from '#scenarios/support/kong-process.ts'
import { clusterAuthority, issueBy, protocolIdOf } from './cluster-authority.ts'
import { openPostgresServer } from './postgres-server.ts'

/** Each takes a third of a second of a core, and 85 MB: CI runs it once more with MESHYARD_NODES=100. */
const many = Number(process.env['MESHYARD_NODES'] ?? 10)
/** Twelve times as long as an idle core would take. */
const withinMs = 60_000 + 4_000 * many
/** PostgreSQL takes a process for each of their connections. */
const fewer = Math.min(Math.ceil(0.6 * many), 12)

describe('nodes that start at the same moment', { timeout: withinMs + 30_000 }, () => {
  it(`agree on one authority: ${many} processes with one SQLite file`, async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'moment-'))
    await using nodes = startNodes(folder.path, many)
    const protocols = await nodes.joined()
    expect(new Set(protocols).size).toBe(1)

    using database = new DatabaseSync(join(folder.path, 'kong.sqlite'), { readOnly: true })
    const rows = database.prepare(`SELECT id FROM documents WHERE collection = 'cluster_ca'`).all()
    expect(rows).toHaveLength(1)
    // Not only in words: each node proves to be of that one authority, and none is another one.
    const authority = await clusterAuthority(folder.path)
    expect(protocols[0]).toBe(protocolIdOf(authority))
    const names = await Promise.all(
      nodes.addresses.map((address) => memberAt(address, { authority })),
    )
    for (const name of names) expect(name).toMatch(/^CN=kong-node-[\da-f-]{36}$/)
    expect(new Set(names).size).toBe(many)
  })

  it(`agree on one authority: ${fewer} processes with one PostgreSQL`, async () => {
    await using postgres = await openPostgresServer({ maxConnections: 60 })
    await using cluster = await openKongCluster()
    const database = await postgres.createDatabase()
    const { settings } = database
    expect(await cluster.kong(['migrations', 'bootstrap'], settings)).toMatchObject({ exitCode: 0 })
    await using nodes = startNodes(cluster.folder, fewer, settings)
    const protocols = await nodes.joined()
    expect(new Set(protocols).size).toBe(1)
    const rows = await database.query(
      `SELECT body FROM meshyard.documents WHERE collection = 'cluster_ca'`,
    )
    expect(rows).toHaveLength(1)
    expect(protocols[0]).toBe(protocolIdOf(JSON.parse(String(rows[0]?.['body']))))
  })
})

interface StartedNodes extends AsyncDisposable {
  readonly addresses: readonly string[]
  /** The protocols of each node's meshes, as soon as all have had one: each only one, unless it has changed its mind. */
  joined(): Promise<readonly string[]>
}

/** Starts nodes without waiting for one of them; each is one process, and all end with this. */
function startNodes(
  folder: string,
  count: number,
  settings: Readonly<Record<string, string>> = {},
): StartedNodes {
  const network = `127.${randomInt(64, 250)}.${randomInt(1, 255)}`
  const addresses = Array.from({ length: count }, (_, index) => `${network}.${index + 1}`)
  const common = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`KONG_${name.toUpperCase()}`, value]),
  )
  const children = addresses.map((address, index) =>
    spawn(kongCommand, ['start'], {
      cwd: folder,
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'],
        KONG_PREFIX: `kong-${index}`,
        KONG_NGINX_DAEMON: 'off',
        KONG_PROXY_LISTEN: `${address}:8443 ssl`,
        KONG_ADMIN_LISTEN: 'off',
        ...common,
      },
    }),
  )
  return {
    addresses,
    joined: async () => {
      const deadline = performance.now() + withinMs
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- looks again and again
        const found = await Promise.all(addresses.map((_, index) => meshesOf(folder, index)))
        if (found.every((meshes) => meshes.length > 0)) return found.flat()
        const ended = children.filter(hasEnded).length
        if (ended > 0) throw new Error(`${ended} of ${count} nodes ended while they were starting`)
        if (performance.now() > deadline) {
          const members = found.filter((meshes) => meshes.length > 0).length
          throw new Error(`${members} of ${count} nodes belong to a mesh after ${withinMs} ms`)
        }
        // oxlint-disable-next-line no-await-in-loop -- the nodes need the cores more
        await wait(100)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(
        children.map(async (child) => {
          if (hasEnded(child)) return
          child.kill('SIGTERM')
          await once(child, 'exit')
        }),
      )
    },
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function meshesOf(folder: string, index: number): Promise<readonly string[]> {
  const log = await readFile(join(folder, `kong-${index}`, 'logs/error.log'), 'utf8').catch(
    () => '',
  )
  return [...log.matchAll(/this node is a member of the mesh (\S+)$/gm)].map(
    ([, mesh = '']) => mesh,
  )
}

/** Who is at an address, proven to a member by a certificate of the authority. */
async function memberAt(
  address: string,
  { authority }: { readonly authority: Awaited<ReturnType<typeof clusterAuthority>> },
): Promise<string | undefined> {
  const socket = connect({
    host: address,
    port: 8443,
    ALPNProtocols: [protocolIdOf(authority)],
    ca: authority.cert,
    // Its name is no host name.
    checkServerIdentity: () => undefined,
    ...issueBy(authority),
  })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerX509Certificate()?.subject
  } finally {
    socket.destroy()
  }
}
