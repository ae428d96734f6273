import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '#lab/services/certificate.ts'
import { openEchoService, type EchoService } from '#lab/services/echo.ts'
import { ask, type Answer, type Question } from './ask.ts'
import { keepDefaultCertificate, placeDefaultCertificate } from './default-certificate.ts'
import { kongCommand, openKongProcess, type KongProcess } from './kong-process.ts'

/** Nodes that share a folder, and with it a database, and a service behind them; on loopback addresses of their own. */
export interface KongCluster extends AsyncDisposable {
  /** Where the kong command is run. */
  readonly folder: string
  /** Answers with what it saw; asks TLS clients for a certificate. */
  readonly echo: EchoService & { readonly address: string }
  /** An address of this cluster that nobody listens on; the same for the same number. */
  address(number: number): string
  /** Runs the kong command as a person would. */
  kong(args: readonly string[], env?: Settings): Promise<Finished>
  /**
   * Starts a node in the foreground, since a daemon takes a second process to start; its listeners are `proxy` 8000, 8443
   * (TLS) and `admin` 8001 unless the settings say otherwise.
   * @throws Error with what the command said when it does not start.
   */
  start(name: string, settings?: Settings): Promise<KongNode>
}

/** `KONG_*` variables without `KONG_`, in any case. */
export type Settings = Readonly<Record<string, string>>

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface KongNode {
  readonly name: string
  readonly address: string
  /** The variables it was started with. */
  readonly env: Readonly<Record<string, string>>
  /** Asks the Admin API; a text is sent as a form, anything else as JSON. */
  admin(method: string, path: string, body?: unknown): Promise<Answer>
  /** Like `admin`, for what must succeed: throws unless the status is below 300. */
  configure(method: string, path: string, body?: unknown): Promise<Answer['body']>
  /** Sends a request to port 8000, or with `tls` to 8443. */
  get(path: string, question?: Partial<Question>): Promise<Answer>
  log(name: 'error.log' | 'access.log' | 'admin_access.log'): Promise<string>
  kong(...args: readonly string[]): Promise<Finished>
}

/** Of all services behind nodes. */
let certificate: ReturnType<typeof makeCertificate> | undefined

export async function openKongCluster(): Promise<KongCluster> {
  await using opening = new AsyncDisposableStack()
  const temporary = opening.use(await mkdtempDisposable(join(tmpdir(), 'cluster-')))
  const folder = temporary.path
  // All of 127.0.0.0/8 is this machine: fixed ports, and no meeting with other clusters.
  const network = `127.${randomInt(64, 250)}.${randomInt(1, 255)}`
  const address = (number: number): string => `${network}.${number}`
  const echoAddress = address(254)
  const service = opening.use(
    await openEchoService({
      address: echoAddress,
      ports: { http: 0, https: 0, tcp: 0, tls: 0 },
      certificate: await (certificate ??= makeCertificate('echo')),
    }),
  )
  const echo = { ...service, address: echoAddress }
  const kong: KongCluster['kong'] = (args, env = {}) => run(args, folder, variables(env))
  let nodes = 0
  const processes: KongProcess[] = []
  opening.defer(async () => {
    await Promise.all(processes.map((each) => each[Symbol.asyncDispose]()))
  })
  const owned = opening.move()
  return {
    folder,
    echo,
    address,
    kong,
    start: async (name, settings = {}) => {
      nodes += 1
      const node = describeNode(name, address(nodes), { folder, settings })
      await placeDefaultCertificate(join(folder, name))
      const running = openKongProcess({ cwd: folder, env: node.env })
      processes.push(running)
      await running.started
      await keepDefaultCertificate(join(folder, name))
      return node
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function describeNode(
  name: string,
  address: string,
  { folder, settings }: { readonly folder: string; readonly settings: Settings },
): KongNode {
  const env = {
    KONG_PREFIX: name,
    KONG_NGINX_DAEMON: 'off',
    KONG_PROXY_LISTEN: `${address}:8000, ${address}:8443 ssl`,
    KONG_ADMIN_LISTEN: `${address}:8001`,
    ...variables(settings, address),
  }
  const admin: KongNode['admin'] = (method, path, body) =>
    ask({ address, port: 8001, method, path, ...encode(body) })
  return {
    name,
    address,
    env,
    admin,
    configure: async (method, path, body) => {
      const answer = await admin(method, path, body)
      if (answer.status < 300) return answer.body
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    },
    get: (path, question = {}) =>
      ask({
        address,
        port: question.tls === undefined ? 8000 : 8443,
        method: 'GET',
        path,
        ...question,
      }),
    log: (file) => readFile(join(folder, name, 'logs', file), 'utf8'),
    kong: (...args) => run(args, folder, env),
  }
}

/** In a value `ADDRESS` stands for the node's own. */
function variables(settings: Settings, address = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      `KONG_${key.toUpperCase()}`,
      value.replaceAll('ADDRESS', address),
    ]),
  )
}

function encode(body: unknown): Partial<Question> {
  if (body === undefined) return {}
  const form = typeof body === 'string'
  return {
    body: form ? body : JSON.stringify(body),
    headers: { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' },
  }
}

function run(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Finished> {
  const { promise, resolve } = Promise.withResolvers<Finished>()
  const options = { cwd, env: { PATH: process.env['PATH'], ...env }, timeout: 50_000 }
  execFile(kongCommand, args, options, (error, stdout, stderr) => {
    const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
    resolve({ exitCode, stdout, stderr })
  })
  return promise
}
