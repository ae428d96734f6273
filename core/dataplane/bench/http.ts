/**
 * CPU time per proxied HTTP request, without and with a filter in every phase, beside nginx with one worker:
 * `node core/dataplane/bench/http.ts [rounds]`.
 * The proxies take turns, so that other load on the machine meets both; what counts is the median of the ratios.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { argv, execPath, stdout } from 'node:process'
import { adoptSocket } from '#core/dataplane/channel/adopt-socket.ts'
import type { HttpContext } from '#core/dataplane/http/http-context.ts'
import { serveHttp } from '#core/dataplane/http/serve-http.ts'
import { UpstreamPool } from '#core/dataplane/http/upstream-pool.ts'
import { surroundingsOf } from '#core/dataplane/mesh/surroundings.ts'
import { dial } from '#core/dataplane/upstreams/dial.ts'
import { openAddressChooser } from '#core/dataplane/upstreams/open-address-chooser.ts'
import type { FilterChain, HttpFilter } from '#core/model/http-filter.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { Observer } from '#core/model/observer.ts'

const secondsPerCell = 1.5
const connections = 16
const sizes = [
  ['28 B', 28],
  ['64 KiB', 64 * 1024],
] as const

async function runBench(rounds: number): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'bench-http-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const upstream = await start(stack, '0', [execPath, import.meta.filename, 'upstream'])
  const ours = await start(stack, '1', [
    execPath,
    import.meta.filename,
    'proxy',
    String(upstream.port),
  ])
  const filtered = await start(stack, '1', [
    execPath,
    import.meta.filename,
    'filtered',
    String(upstream.port),
  ])
  const nginx = await startNginx(stack, folder, upstream.port)
  for (const [name, size] of sizes) {
    const cells: { nginx: number; ours: number; filtered: number }[] = []
    await load(nginx.port, size, 0.5)
    await load(ours.port, size, 1)
    await load(filtered.port, size, 1)
    for (let round = 0; round < rounds; round++) {
      cells.push({
        nginx: await cell(nginx, size),
        ours: await cell(ours, size),
        filtered: await cell(filtered, size),
      })
    }
    const ratios = cells.map((both) => both.ours / both.nginx).toSorted((a, b) => a - b)
    stdout.write(
      `${name.padEnd(7)} nginx ${median(cells.map((both) => both.nginx)).toFixed(1)} µs, ours ${median(cells.map((both) => both.ours)).toFixed(1)} µs, ratio ${median(ratios).toFixed(2)} [${ratios[0]!.toFixed(2)}..${ratios.at(-1)!.toFixed(2)}], with a filter ${median(cells.map((all) => all.filtered)).toFixed(1)} µs\n`,
    )
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

interface Subject {
  readonly pids: () => readonly number[]
  readonly port: number
}

/** CPU time per request in µs. */
async function cell(subject: Subject, size: number): Promise<number> {
  const before = cpuNs(subject.pids())
  const requests = await load(subject.port, size, secondsPerCell)
  return (cpuNs(subject.pids()) - before) / requests / 1000
}

function cpuNs(pids: readonly number[]): number {
  let total = 0
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
    }
  }
  return total
}

/** Keeps every connection busy with one request at a time; returns how many were answered. */
async function load(port: number, size: number, seconds: number): Promise<number> {
  const request = Buffer.from(
    `GET /${size} HTTP/1.1\r\nHost: service.example\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nCookie: session=0123456789abcdef\r\n\r\n`,
  )
  const endMs = performance.now() + seconds * 1000
  let answered = 0
  const loops = Array.from({ length: connections }, async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let bodyLeft = -1
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The proxy closed a connection')))
    socket.on('data', (bytes: Buffer) => {
      if (bodyLeft === -1) {
        const end = bytes.indexOf('\r\n\r\n')
        if (end === -1 || !bytes.toString('latin1', 0, 12).endsWith('200')) {
          return reject(new Error(`Not an answer: ${bytes.toString('latin1', 0, 200)}`))
        }
        bodyLeft = size - (bytes.length - end - 4)
      } else bodyLeft -= bytes.length
      if (bodyLeft > 0) return
      answered += 1
      bodyLeft = -1
      if (performance.now() < endMs) socket.write(request)
      else resolve()
    })
    socket.write(request)
    await promise
    socket.removeAllListeners('close').destroy()
  })
  await Promise.all(loops)
  return answered
}

/** Starts a process on one CPU; it prints the port it listens on. */
async function start(
  stack: AsyncDisposableStack,
  cpu: string,
  command: readonly [string, ...string[]],
): Promise<Subject> {
  const child = spawn('taskset', ['-c', cpu, ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
  stack.defer(() => stop(child))
  for await (const line of createInterface(child.stdout)) {
    return { pids: () => [child.pid!], port: Number(line) }
  }
  throw new Error(`"${command.join(' ')}" ended before it listened`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** nginx as it is commonly tuned for large answers, in the foreground. */
async function startNginx(
  stack: AsyncDisposableStack,
  folder: string,
  upstreamPort: number,
): Promise<Subject> {
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000; tcp_nodelay on;
  upstream service { server 127.0.0.1:${upstreamPort}; keepalive 60; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://service; proxy_http_version 1.1; proxy_buffers 8 128k; proxy_buffer_size 128k; proxy_busy_buffers_size 256k;
      proxy_set_header Host $host; proxy_set_header Connection ""; proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Port $server_port;
    }
  }
}
`,
  )
  const child = spawn('taskset', ['-c', '1', 'nginx', '-c', file, '-p', folder], {
    stdio: 'inherit',
  })
  stack.defer(() => stop(child))
  await accepting(port)
  const pids = (): number[] => [child.pid!, ...childrenOf(child.pid!)]
  return { pids, port }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

async function accepting(port: number): Promise<void> {
  const deadline = performance.now() + 5000
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' })
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => {
        setTimeout(resolve, 10)
      })
    } finally {
      socket.destroy()
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, 'close')
  return port
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return address.port
}

async function runUpstream(): Promise<void> {
  const answers = new Map(
    sizes.map(([, size]) => [
      `GET /${size} `,
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: ${size}\r\n\r\n`,
        ),
        Buffer.alloc(size, 'x'),
      ]),
    ]),
  )
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      const line = bytes.toString('latin1', 0, bytes.indexOf(' ', 4) + 1)
      socket.write(answers.get(line)!)
    })
  })
  stdout.write(`${await listen(server)}\n`)
}

async function runProxy(upstreamPort: number, filters?: FilterChain): Promise<void> {
  const upstreams = new UpstreamPool()
  const surroundings = surroundingsOf({}, 'bench')
  const context: HttpContext = {
    listener: listenerTo(upstreamPort, filters),
    encrypted: false,
    arrival: 'client',
    surroundings: () => surroundings,
    dial,
    chooser: openAddressChooser(),
    upstreams,
    observer: nobody,
  }
  let id = 0
  const server = createServer(
    { pauseOnConnect: true, allowHalfOpen: true, noDelay: true },
    (socket) => {
      const channel = adoptSocket(socket)
      id += 1
      serveHttp(channel, { id, client: channel.remote, destination: channel.local }, context)
    },
  )
  stdout.write(`${await listen(server)}\n`)
}

const nobody: Observer = {
  accepted: () => {},
  terminatingTls: () => {},
  unrouted: () => {},
  dialing: () => {},
  dialFailed: () => {},
  fault: () => {},
  streamFinished: () => {},
  requestFinished: () => {},
}

/** Does a little in each phase. */
const filter: HttpFilter = {
  rewrite: ({ notes }) => void notes.set(filter, 1),
  access: ({ request }) => request.headers.set('X-Bench', '1'),
  responseHead: ({ response }) => response?.headers.set('X-Bench', '1'),
  finished: ({ notes }) => void notes.get(filter),
}

function listenerTo(port: number, filters: FilterChain | undefined): HttpListener {
  return {
    kind: 'http',
    address: '127.0.0.1',
    port: 0,
    transparent: false,
    identities: undefined,
    filters,
    routes: [
      {
        id: 'r',
        name: undefined,
        serviceId: undefined,
        serviceName: undefined,
        match: {
          hosts: ['service.example'],
          paths: undefined,
          methods: undefined,
          encryption: 'optional',
        },
        forward: { basePath: '/', stripPath: false, preserveHost: false },
        upstream: {
          target: { host: '127.0.0.1', port },
          transport: 'plain',
          source: undefined,
          connectTimeoutMs: 5000,
          readTimeoutMs: 60_000,
          writeTimeoutMs: 60_000,
          retries: 5,
        },
        filters,
      },
    ],
    settings: {
      trustedPeers: [],
      replies: () => ({ status: 500, reason: 'Error', headers: [], body: '' }),
      responseTokens: {
        server: 'bench',
        via: 'bench',
        upstreamLatency: 'X-Upstream-Latency',
        proxyLatency: 'X-Proxy-Latency',
        upstreamStatus: undefined,
      },
      extraResponseHeaders: [],
      maxHeadBytes: 32 * 1024,
      maxBodyBytes: 0,
      keepAliveTimeoutMs: 75_000,
      headTimeoutMs: 60_000,
      handshakeTimeoutMs: 60_000,
      upstreamKeepAlive: 60,
    },
  }
}

const [, , role, argument] = argv
if (role === 'proxy') await runProxy(Number(argument))
else if (role === 'filtered')
  await runProxy(Number(argument), [{ name: 'bench', choose: () => filter }])
else if (role === 'upstream') await runUpstream()
else await runBench(Number(role ?? 5))
