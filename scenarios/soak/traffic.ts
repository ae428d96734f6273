import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as TlsAgent, request as requestTls } from 'node:https'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'

/** Where the traffic goes. */
export interface TrafficTarget {
  readonly address: string
  readonly http: number
  readonly https: number
  readonly stream: number
}

/** One kind of traffic: does one unit of work and rejects when anything was lost, cut off or wrong. */
export interface Traffic {
  readonly name: string
  once(): Promise<void>
}

export interface AllTraffic extends Disposable {
  readonly kinds: readonly Traffic[]
}

/** Each kind of traffic that a node carries; connections that are kept are ended with it. */
export function openTraffic(target: TrafficTarget): AllTraffic {
  const agents = {
    http: new Agent({ keepAlive: true, maxSockets: 4 }),
    https: new TlsAgent({ keepAlive: true, maxSockets: 2 }),
  }
  const http = { host: target.address, port: target.http }
  const https = {
    host: target.address,
    port: target.https,
    rejectUnauthorized: false,
    servername: '',
  }
  const lasting = new LastingStream(target)
  return {
    kinds: [
      { name: 'http, kept alive', once: () => get({ ...http, agent: agents.http }) },
      { name: 'http, new connection', once: () => get({ ...http, agent: false }) },
      { name: 'http, upload of 256 KiB', once: () => upload({ ...http, agent: agents.http }) },
      { name: 'https, kept alive', once: () => get({ ...https, agent: agents.https }, requestTls) },
      { name: 'https, new connection', once: () => get({ ...https, agent: false }, requestTls) },
      { name: 'stream, new connection', once: () => echo(connect(streamOf(target)), 2_000) },
      {
        name: 'stream over TLS, new connection',
        once: () =>
          echo(
            connectTls({ ...streamOf(target), rejectUnauthorized: false, servername: 'a.test' }),
            2_000,
          ),
      },
      { name: 'stream, one connection throughout', once: () => lasting.once() },
    ],
    [Symbol.dispose]: () => {
      agents.http.destroy()
      agents.https.destroy()
      lasting[Symbol.dispose]()
    },
  }
}

function streamOf({ address, stream }: TrafficTarget): { host: string; port: number } {
  return { host: address, port: stream }
}

async function get(
  options: RequestOptions,
  send: typeof request | typeof requestTls = request,
): Promise<void> {
  const token = randomBytes(6).toString('hex')
  const body = await exchange(send({ ...options, path: `/soak/${token}` }), undefined)
  const { path } = parse(body)
  if (path !== `/soak/${token}`)
    throw new Error(`asked for /soak/${token}, the service saw ${path}`)
}

async function upload(options: RequestOptions): Promise<void> {
  const sent = randomBytes(128 * 1024).toString('hex')
  const answer = await exchange(request({ ...options, method: 'POST', path: '/soak' }), sent)
  if (digest(parse(answer).body) !== digest(sent)) throw new Error('the body arrived changed')
}

async function exchange(
  sent: ReturnType<typeof request>,
  body: string | undefined,
): Promise<Buffer> {
  sent.setTimeout(10_000, () => sent.destroy(new Error('no answer within 10 s')))
  sent.end(body)
  const [response]: IncomingMessage[] = await once(sent, 'response')
  if (response === undefined) throw new Error('no response')
  const answer = await buffer(response)
  if (response.statusCode !== 200)
    throw new Error(`status ${response.statusCode}: ${answer.toString()}`)
  return answer
}

function parse(answer: Buffer): { readonly path: string; readonly body: string } {
  return JSON.parse(answer.toString())
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The service greets with one line, then sends back what it gets. */
async function echo(socket: Socket, bytes: number): Promise<void> {
  socket.setTimeout(10_000, () => socket.destroy(new Error('nothing came back within 10 s')))
  const sent = randomBytes(bytes)
  socket.end(sent)
  const received = await buffer(socket)
  const back = received.subarray(received.indexOf('\n') + 1)
  if (!back.equals(sent)) throw new Error(`${back.length} of ${bytes} bytes came back`)
}

/** A connection that lasts as long as the soak: reloads must not cut it. */
class LastingStream implements Disposable {
  readonly #target: TrafficTarget
  #socket: Socket | undefined
  #received = Buffer.alloc(0)
  #waiting: { readonly bytes: number; resolve(): void; reject(error: Error): void } | undefined
  #closed: Error | undefined

  constructor(target: TrafficTarget) {
    this.#target = target
  }

  async once(): Promise<void> {
    const socket = this.#socket ?? (await this.#open())
    if (this.#closed !== undefined) throw this.#closed
    const sent = randomBytes(512)
    this.#received = Buffer.alloc(0)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting = { bytes: sent.length, resolve, reject }
    socket.write(sent)
    const timer = setTimeout(() => reject(new Error('nothing came back within 10 s')), 10_000)
    try {
      await promise
    } finally {
      clearTimeout(timer)
    }
    if (!this.#received.equals(sent)) throw new Error('the lasting stream returned other bytes')
  }

  [Symbol.dispose](): void {
    this.#socket?.removeAllListeners('close').destroy()
  }

  async #open(): Promise<Socket> {
    const socket = connect(streamOf(this.#target))
    this.#socket = socket
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#closed = new Error('the lasting stream was cut')
      this.#waiting?.reject(this.#closed)
    })
    // A plain client that says nothing is greeted when the route is known.
    socket.write('hello-there')
    let greeting = ''
    while (!greeting.includes('hello-there')) {
      // oxlint-disable-next-line no-await-in-loop -- until the greeting and the echo are complete
      const [piece]: Buffer[] = await once(socket, 'data')
      greeting += String(piece)
    }
    socket.on('data', (piece: Buffer) => {
      this.#received = Buffer.concat([this.#received, piece])
      if (this.#waiting !== undefined && this.#received.length >= this.#waiting.bytes) {
        this.#waiting.resolve()
      }
    })
    return socket
  }
}
