/**
 * CPU time of a TCP stream through the proxy, beside nginx with one worker: `node core/dataplane/bench/stream.ts [rounds]`.
 * The proxies take turns, so that other load on the machine meets both; what counts is the median of the ratios.
 * nginx needs its stream module: Debian's libnginx-mod-stream, or the file named by NGINX_STREAM_MODULE.
 */
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, env, execPath, stdout } from 'node:process'
import { freePorts, listenOnLoopback } from '#core/base/loopback-ports.ts'
import { openDataplane } from '#core/dataplane/dataplane.ts'
import { testStreamListener } from '#core/dataplane/stream/open-test-stream.ts'
import { silentObserver } from './silent-observer.ts'
import { median, startNginx, startSubject, type Subject } from './subject.ts'

interface Workload {
  readonly name: string
  readonly unit: string
  /** Loads the proxy and returns how many units it carried. */
  readonly run: (port: number) => Promise<number>
}

const bulkBytes = 1024 ** 3
const pingPongMs = 1500

const workloads: readonly Workload[] = [
  { name: 'bulk, 1 connection', unit: 'ms/GiB', run: (port) => bulk(port, 1) },
  { name: 'bulk, 4 connections', unit: 'ms/GiB', run: (port) => bulk(port, 4) },
  { name: 'ping-pong 64 B, 1', unit: 'µs/trip', run: (port) => pingPong(port, 1) },
  { name: 'ping-pong 64 B, 32', unit: 'µs/trip', run: (port) => pingPong(port, 32) },
]

async function runBench(rounds: number): Promise<void> {
  const module = env['NGINX_STREAM_MODULE'] ?? '/usr/lib/nginx/modules/ngx_stream_module.so'
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'bench-stream-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const self = [execPath, import.meta.filename]
  const upstream = await startSubject(stack, 0, [...self, 'upstream'])
  const ours = await startSubject(stack, 1, [...self, 'proxy', String(upstream.port)])
  if (!existsSync(module)) {
    stdout.write(`nginx is left out: there is no ${module}\n`)
    for (const work of workloads) {
      // oxlint-disable-next-line no-await-in-loop -- measurements must not overlap
      stdout.write(`${title(work)} ours ${(await cell(ours, work)).toFixed(1)} ${work.unit}\n`)
    }
    return
  }
  const nginx = await startNginx(stack, 1, {
    ...(await nginxConfig(folder, module, upstream.port)),
    folder,
  })
  for (const work of workloads) {
    // oxlint-disable-next-line no-await-in-loop -- measurements must not overlap
    stdout.write(`${title(work)} ${await compare(nginx, ours, work, rounds)}\n`)
  }
}

function title({ name }: Workload): string {
  return name.padEnd(20)
}

async function compare(
  nginx: Subject,
  ours: Subject,
  work: Workload,
  rounds: number,
): Promise<string> {
  const cells: { readonly nginx: number; readonly ours: number }[] = []
  for (let round = -1; round < rounds; round++) {
    // oxlint-disable-next-line no-await-in-loop -- measurements must not overlap
    const both = { nginx: await cell(nginx, work), ours: await cell(ours, work) }
    if (round >= 0) cells.push(both)
  }
  const ratios = cells.map((both) => both.ours / both.nginx).toSorted((a, b) => a - b)
  const middle = (subject: 'nginx' | 'ours'): string =>
    `${subject} ${median(cells.map((both) => both[subject])).toFixed(1)} ${work.unit}`
  const spread = `[${ratios[0]!.toFixed(2)}..${ratios.at(-1)!.toFixed(2)}]`
  return `${middle('nginx')}, ${middle('ours')}, ratio ${median(ratios).toFixed(2)} ${spread}`
}

/** CPU time per unit: ms for bulk, µs for round trips. */
async function cell(subject: Subject, { unit, run }: Workload): Promise<number> {
  const before = subject.cpuNs()
  const units = await run(subject.port)
  return (subject.cpuNs() - before) / units / (unit.startsWith('ms') ? 1e6 : 1e3)
}

/** Sends bytes to the sink; returns GiB. */
async function bulk(port: number, connections: number): Promise<number> {
  const chunk = Buffer.alloc(256 * 1024)
  const each = bulkBytes / connections
  const send = async (): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    socket.resume()
    socket.write('S')
    for (let sent = 0; sent < each; sent += chunk.length) {
      // oxlint-disable-next-line no-await-in-loop -- as fast as they are taken
      if (!socket.write(chunk)) await once(socket, 'drain')
    }
    socket.end()
    await once(socket, 'close')
  }
  await Promise.all(Array.from({ length: connections }, send))
  return bulkBytes / 1024 ** 3
}

/** Sends a message, awaits its echo, sends the next; returns round trips. */
async function pingPong(port: number, connections: number): Promise<number> {
  const message = Buffer.alloc(64, 'E')
  const endMs = performance.now() + pingPongMs
  let trips = 0
  const play = async (): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let missing = message.length
    socket.on('error', reject)
    socket.on('data', (bytes: Buffer) => {
      missing -= bytes.length
      if (missing > 0) return
      missing = message.length
      trips += 1
      if (performance.now() < endMs) socket.write(message)
      else resolve()
    })
    socket.write(message)
    await promise
    socket.end()
  }
  await Promise.all(Array.from({ length: connections }, play))
  return trips
}

/** Swallows a connection that begins with S, echoes one that begins with E. */
async function runUpstream(): Promise<void> {
  const scratch = Buffer.allocUnsafeSlow(256 * 1024)
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', (first: Buffer) => {
      if (first[0] === 0x53) {
        socket.on('data', (bytes: Buffer) => bytes.copy(scratch, 0, 0, 1))
        socket.on('end', () => socket.end())
      } else {
        socket.write(first)
        socket.pipe(socket)
      }
    })
  })
  stdout.write(`${await listenOnLoopback(server)}\n`)
}

async function runProxy(upstreamPort: number): Promise<void> {
  const dataplane = openDataplane({ observer: silentObserver })
  const target = { host: '127.0.0.1', port: upstreamPort }
  await dataplane.apply({
    version: '1',
    listeners: [testStreamListener([{ upstream: { target } }])],
  })
  stdout.write(`${dataplane.listening[0]!.port}\n`)
}

async function nginxConfig(
  folder: string,
  module: string,
  upstreamPort: number,
): Promise<{ readonly file: string; readonly port: number }> {
  const [port = 0] = await freePorts(1)
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `load_module ${module};
daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr error;
events { worker_connections 1024; }
stream {
  proxy_buffer_size 256k; tcp_nodelay on;
  server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${upstreamPort}; }
}
`,
  )
  return { file, port }
}

const [, , role, argument] = argv
if (role === 'proxy') await runProxy(Number(argument))
else if (role === 'upstream') await runUpstream()
else await runBench(Number(role ?? 5))
