import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePorts } from '#core/base/loopback-ports.ts'
import { openPostgresMigrations } from './postgres-migrations.ts'
import type { PostgresTarget } from './postgres-target.ts'

const run = promisify(execFile)

/** A PostgreSQL server of a test's own. */
export interface TestPostgres extends AsyncDisposable {
  /** Of the certificate that the server shows to those who want encryption: it is valid for 127.0.0.1. */
  readonly ca: string
  /** A fresh database; with the newest layout unless told otherwise. */
  createDatabase(options?: { readonly bootstrapped?: boolean }): Promise<PostgresTarget>
  /** Asks a database directly, as its administrator. */
  ask(database: string, sql: string, values?: readonly string[]): Promise<readonly object[]>
  /** Ends the server at once, as a crash would. */
  crash(): Promise<void>
  /** Starts it again, at the same port, with what it had. */
  start(): Promise<void>
}

/** PostgreSQL refuses to run as root. */
const unprivileged = { uid: 65_534, gid: 65_534 } as const

/**
 * Starts Debian's PostgreSQL in a temporary folder at an ephemeral port of 127.0.0.1. It ends with this process,
 * whatever happens to it.
 *
 * @throws Error when its programs are missing: `npm run setup` installs them.
 */
export async function openTestPostgres({
  maxConnections = 60,
}: { readonly maxConnections?: number } = {}): Promise<TestPostgres> {
  await using owned = new AsyncDisposableStack()
  const binaries = await findBinaries()
  const folder = owned.use(await mkdtempDisposable(join(tmpdir(), 'meshyard-postgres-')))
  if (process.getuid?.() === 0) await chown(folder.path, unprivileged.uid, unprivileged.gid)
  const data = join(folder.path, 'data')
  const passwordFile = join(folder.path, 'password')
  await writeFile(passwordFile, password)
  await runUnprivileged(join(binaries, 'initdb'), [
    `--pgdata=${data}`,
    '--username=kong',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ])
  const key = join(folder.path, 'server.key')
  const cert = join(folder.path, 'server.crt')
  const certify = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2
    -subj /CN=test-postgres -addext subjectAltName=IP:127.0.0.1`
  const files = ['-keyout', key, '-out', cert]
  await runUnprivileged('openssl', [...certify.split(/\s+/), ...files])
  const { stdout: ca } = await run('openssl', ['x509', '-in', cert])
  const [port = 0] = await freePorts(1)
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    // Nothing of it outside of its folder.
    dynamic_shared_memory_type: 'mmap',
    full_page_writes: 'off',
    shared_buffers: '16MB',
    max_connections: String(maxConnections),
    ssl: 'on',
    ssl_key_file: key,
    ssl_cert_file: cert,
    lc_messages: 'C',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const launch = (): Promise<ChildProcess> =>
    startServer(join(binaries, 'postgres'), ['-D', data, ...args])
  let server = await launch()
  owned.defer(() => stopServer(server))
  const targetOf = (database: string): PostgresTarget => ({
    host: '127.0.0.1',
    port,
    user: 'kong',
    password,
    database,
    timeoutMs: 5000,
  })
  await using migrations = await openPostgresMigrations(targetOf('template1'))
  await migrations.bootstrap()
  await migrations[Symbol.asyncDispose]()
  const ask: TestPostgres['ask'] = async (database, sql, values = []) => {
    const client = new Client({ ...targetOf(database), ssl: false })
    await client.connect()
    try {
      return (await client.query<object>(sql, [...values])).rows
    } finally {
      await client.end()
    }
  }
  let databases = 0
  const held = owned.move()
  return {
    ca,
    createDatabase: async ({ bootstrapped = true } = {}) => {
      databases += 1
      const name = `test_${databases}`
      // Identifiers cannot be bound; these two are made here.
      const template = bootstrapped ? 'template1' : 'template0'
      await ask('postgres', `CREATE DATABASE ${name} TEMPLATE ${template}`)
      return targetOf(name)
    },
    ask,
    crash: () => stopServer(server),
    start: async () => {
      server = await launch()
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

const setpriv = '/usr/bin/setpriv'
const password = "it's a \\ secret"

/** The newest that is installed. */
async function findBinaries(): Promise<string> {
  const root = '/usr/lib/postgresql'
  const versions = await readdir(root).catch((): string[] => [])
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0]
  if (newest === undefined) {
    throw new Error(`PostgreSQL's programs are missing below ${root}; install them: npm run setup`)
  }
  return join(root, newest, 'bin')
}

async function runUnprivileged(command: string, args: readonly string[]): Promise<void> {
  await run(setpriv, [...privileges(), '--', command, ...args], { cwd: tmpdir() })
}

async function startServer(command: string, args: readonly string[]): Promise<ChildProcess> {
  const server = spawn(setpriv, [...privileges(), '--pdeathsig=QUIT', '--', command, ...args], {
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  const lines = createInterface({ input: server.stderr })
  const ready = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      if (line.includes('database system is ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('exit', (code) => {
      reject(new Error(`PostgreSQL ended with ${code}: ${said.join('\n')}`))
    })
  })
  await ready
  return server
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill('SIGQUIT')
  await exited
}

function privileges(): readonly string[] {
  const { uid, gid } = unprivileged
  return process.getuid?.() === 0 ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : []
}
