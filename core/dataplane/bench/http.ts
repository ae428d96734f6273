/**
 * CPU time per proxied HTTP request, without and with a filter in every phase, beside nginx with one worker:
 * `node core/dataplane/bench/http.ts [rounds]`.
 * The proxies take turns, so that other load on the machine meets both; what counts is the median of the ratios.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execPath, stdout } from 'node:process'
import { freePorts, listenOnLoopback } from '#core/base/loopback-ports.ts'
import { adoptSocket } from '#core/dataplane/channel/adopt-socket.ts'
import type { HttpContext } from '#core/dataplane/http/http-context.ts'
import { testListener } from '#core/dataplane/http/open-test-proxy.ts'
import { serveHttp } from '#core/dataplane/http/serve-http.ts'
import { UpstreamPool } from '#core/dataplane/http/upstream-pool.ts'
import { surroundingsOf } from '#core/dataplane/mesh/surroundings.ts'
import { dial } from '#core/dataplane/upstreams/dial.ts'
import { openAddressChooser } from '#core/dataplane/upstreams/open-address-chooser.ts'
import type { FilterChain, HttpFilter } from '#core/model/http-filter.ts'
import type { HttpListener } from '#core/model/listener.ts'
import { silentObserver } from './silent-observer.ts'
import { median, startNginx, startSubject, type Subject } from './subject.ts'

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
  const self = [execPath, import.meta.filename]
  const upstream = await startSubject(stack, 0, [...self, 'upstream'])
  const ours = await startSubject(stack, 1, [...self, 'proxy', String(upstream.port)])
  const filtered = await startSubject(stack, 1, [...self, 'filtered', String(upstream.port)])
  const nginx = await startNginx(stack, 1, {
    ...(await nginxConfig(folder, upstream.port)),
    folder,
  })
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

/** CPU time per request in µs. */
async function cell(subject: Subject, size: number): Promise<number> {
  const before = subject.cpuNs()
  const requests = await load(subject.port, size, secondsPerCell)
  return (subject.cpuNs() - before) / requests / 1000
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

/** nginx as it is commonly tuned for large answers, in the foreground. */
async function nginxConfig(
  folder: string,
  upstreamPort: number,
): Promise<{ readonly file: string; readonly port: number }> {
  const [port = 0] = await freePorts(1)
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
  return { file, port }
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
  stdout.write(`${await listenOnLoopback(server)}\n`)
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
    observer: silentObserver,
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
  stdout.write(`${await listenOnLoopback(server)}\n`)
}

/** Does a little in each phase. */
const filter: HttpFilter = {
  rewrite: ({ notes }) => void notes.set(filter, 1),
  access: ({ request }) => request.headers.set('X-Bench', '1'),
  responseHead: ({ response }) => response?.headers.set('X-Bench', '1'),
  finished: ({ notes }) => void notes.get(filter),
}

function listenerTo(port: number, filters: FilterChain | undefined): HttpListener {
  const route = {
    match: { hosts: ['service.example'] },
    upstream: { target: { host: '127.0.0.1', port }, retries: 5 },
    ...(filters === undefined ? {} : { filters }),
  }
  return { ...testListener([route], { upstreamKeepAlive: 60 }), filters }
}

const [, , role, argument] = argv
if (role === 'proxy') await runProxy(Number(argument))
else if (role === 'filtered')
  await runProxy(Number(argument), [{ name: 'bench', choose: () => filter }])
else if (role === 'upstream') await runUpstream()
else await runBench(Number(role ?? 5))
