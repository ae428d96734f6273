import { execFile } from 'node:child_process'
import { chown, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from '#scenarios/support/free-port.ts'
import { openServerProcess } from '#scenarios/support/server-process.ts'

/** A PostgreSQL of its own on loopback, which forgets everything at its end. */
export interface PostgresServer extends AsyncDisposable {
  /** Settings of nodes for a new, empty database. */
  createDatabase(): Promise<PostgresDatabase>
}

export interface PostgresDatabase {
  readonly settings: Readonly<Record<string, string>>
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
}

const host = '127.0.0.1'
const user = 'kong'
const password = 'secret'

/** PostgreSQL refuses to run as root. */
const unprivileged = { uid: 65_534, gid: 65_534 } as const

/** @throws Error with what the server said when it does not come up. */
export async function openPostgresServer({
  maxConnections = 40,
}: { readonly maxConnections?: number } = {}): Promise<PostgresServer> {
  await using opening = new AsyncDisposableStack()
  const programs = await findPrograms()
  const folder = opening.use(await mkdtempDisposable(join(tmpdir(), 'postgres-')))
  const isRoot = process.getuid?.() === 0
  if (isRoot) await chown(folder.path, unprivileged.uid, unprivileged.gid)
  const identity = isRoot ? unprivileged : undefined
  const data = join(folder.path, 'data')
  const passwordFile = join(folder.path, 'password')
  await writeFile(passwordFile, password)
  const initial = [`--pgdata=${data}`, `--username=${user}`, `--pwfile=${passwordFile}`]
  await promisify(execFile)(
    join(programs, 'initdb'),
    [...initial, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...identity, cwd: folder.path },
  )
  const port = await freePort(host)
  const settings = {
    listen_addresses: host,
    port: `${port}`,
    unix_socket_directories: '',
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '16MB',
    max_connections: `${maxConnections}`,
    // Nothing of it outside of its folder.
    dynamic_shared_memory_type: 'mmap',
    lc_messages: 'C',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  opening.use(
    await openServerProcess(join(programs, 'postgres'), {
      args: ['-D', data, ...options],
      cwd: folder.path,
      identity,
      ready: { on: 'stderr', says: 'database system is ready to accept connections' },
      // Its word for ending without waiting for clients.
      endBy: 'SIGINT',
    }),
  )
  const clients = opening.use(new AsyncDisposableStack())
  const connect = async (database: string): Promise<Client> => {
    const client = new Client({ host, port, user, password, database })
    await client.connect()
    clients.defer(() => client.end())
    return client
  }
  const administrator = await connect('postgres')
  let databases = 0
  const owned = opening.move()
  return {
    createDatabase: async () => {
      databases += 1
      const name = `kong_${databases}`
      await administrator.query(`CREATE DATABASE ${name} TEMPLATE template0`)
      const client = await connect(name)
      return {
        settings: {
          database: 'postgres',
          pg_host: host,
          pg_port: `${port}`,
          pg_user: user,
          pg_password: password,
          pg_database: name,
        },
        query: async (sql, values = []) =>
          (await client.query<Record<string, unknown>>(sql, [...values])).rows,
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Of the newest version that is installed. */
async function findPrograms(): Promise<string> {
  const root = '/usr/lib/postgresql'
  const versions = await readdir(root).catch((): string[] => [])
  const [newest] = versions.toSorted((a, b) => Number(b) - Number(a))
  if (newest === undefined) {
    throw new Error(`PostgreSQL's programs are missing below ${root}; install them: npm run setup`)
  }
  return join(root, newest, 'bin')
}
