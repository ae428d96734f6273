import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import { openDataplane, type Dataplane } from '#core/dataplane/dataplane.ts'
import { testChain, type TestRoute } from '#core/dataplane/http/open-test-proxy.ts'
import {
  connectTo,
  openTestServer,
  RecordingObserver,
  type TestServer,
} from '#core/dataplane/stream/open-test-stream.ts'
import { testHttpListener } from '#core/dataplane/test-http-listener.ts'
import type { Listener, Snapshot } from '#core/model/snapshot.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'

const fallback = await selfSigned({ ...kongSubject, commonName: 'usual.test' })
/** Of test nodes towards anybody. */
export const identities = { fallback, byServerName: new Map() }

export interface TestNode extends AsyncDisposable {
  readonly dataplane: Dataplane
  readonly observer: RecordingObserver
  readonly port: number
  /** What its filters saw, one line for each request. */
  readonly seen: readonly string[]
  apply(change: Partial<Snapshot>): Promise<void>
}

/** Opens a node with one listener. */
export async function openTestNode(
  listener: (seen: string[]) => Listener,
  rest: Partial<Snapshot> = {},
): Promise<TestNode> {
  const seen: string[] = []
  const observer = new RecordingObserver()
  const dataplane = openDataplane({ observer })
  const snapshot: Snapshot = { version: '1', listeners: [listener(seen)], ...rest }
  await dataplane.apply(snapshot)
  return {
    dataplane,
    observer,
    port: dataplane.listening[0]!.port,
    seen,
    apply: (change) => dataplane.apply({ ...snapshot, ...change }),
    [Symbol.asyncDispose]: () => dataplane[Symbol.asyncDispose](),
  }
}

export interface HttpNode {
  readonly routes: readonly TestRoute[]
  readonly tls?: boolean
  readonly keepAlive?: number
}

/** Its filters write down each request: how it arrived, its Host and what it came through. */
export function testNodeListener({
  routes,
  tls = false,
  keepAlive = 0,
}: HttpNode): (seen: string[]) => Listener {
  return (seen) => {
    const base = testHttpListener(routes, tls ? identities : undefined)
    const filters = testChain({
      rewrite: ({ arrival, request: { headers } }) =>
        void seen.push(`${arrival} ${headers.get('host')} ${headers.get('mesh-passage') ?? '-'}`),
    })
    const settings = { ...base.settings, upstreamKeepAlive: keepAlive }
    return { ...base, filters, settings }
  }
}

export interface TestService extends TestServer {
  /** Of the requests so far. */
  readonly heads: readonly string[]
}

/** Answers every request. */
export async function openTestService(): Promise<TestService> {
  const heads: string[] = []
  const server = await openTestServer((socket) => {
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      const end = text.indexOf('\r\n\r\n')
      if (end === -1) return
      heads.push(text.slice(0, end + 2))
      text = text.slice(end + 4)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    socket.on('end', () => socket.end())
  })
  return { ...server, heads, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** Sends one request and hears the connection to its end. */
export async function askNode(port: number, head: string): Promise<string> {
  const client = await connectTo(port)
  client.write(`${head}\r\nConnection: close\r\n\r\n`)
  const text = (await readAll(client)).toString()
  client.destroy()
  return text
}

/** What leads everything to a node, by TLS. */
export function toNode(port: number): TestRoute {
  return { upstream: { target: { host: '127.0.0.1', port }, transport: 'tls' } }
}
