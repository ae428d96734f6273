import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Identity } from '#core/model/identity.ts'

/** Something on an ephemeral port of this machine that takes what a plugin sends, for tests. */
export interface Receiver extends AsyncDisposable {
  readonly port: number
  /** Requests, lines or datagrams as they came. */
  readonly received: string[]
  /** Connections so far. */
  connections(): number
  /** Ends all connections; new ones can come. */
  disconnect(): void
}

export async function openUdpReceiver(): Promise<Receiver> {
  const socket = createSocket('udp4')
  const received: string[] = []
  socket.on('message', (message) => received.push(message.toString()))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    received,
    connections: () => 0,
    disconnect: () => undefined,
    [Symbol.asyncDispose]: async () => {
      socket.close()
      await once(socket, 'close')
    },
  }
}

export interface HttpReceiver extends Receiver {
  readonly requests: readonly IncomingMessage[]
}

/** Answers 200, or the status that `answer` gives for the n-th request, from 1. With an identity it speaks TLS. */
export async function openHttpReceiver(
  answer: (count: number) => number = () => 200,
  identity?: Identity,
): Promise<HttpReceiver> {
  const received: string[] = []
  const requests: IncomingMessage[] = []
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests.push(request)
    const status = answer(requests.length)
    received.push(await text(request))
    response.writeHead(status).end()
  }
  const listener: RequestListener = (request, response) => void take(request, response)
  const server =
    identity === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ cert: identity.certificate, key: identity.privateKey }, listener)
  return { ...(await listen(server, received)), requests }
}

/** Takes lines that end with CR LF. `wrap` makes another kind of server, such as TLS. */
export function openLineReceiver(
  wrap: (onConnection: (socket: Socket) => void) => Server = createServer,
): Promise<Receiver> {
  const received: string[] = []
  const server = wrap((socket) => {
    let rest = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      const lines = (rest + String(chunk)).split('\r\n')
      rest = lines.pop() ?? ''
      received.push(...lines)
    })
    socket.on('error', () => socket.destroy())
  })
  return listen(server, received)
}

async function listen(server: Server, received: string[]): Promise<Receiver> {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // oxlint-disable-next-line no-unsafe-type-assertion -- a TCP server has an address of this kind
  const { port } = server.address() as AddressInfo
  const disconnect = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    received,
    connections: () => connections,
    disconnect,
    [Symbol.asyncDispose]: async () => {
      disconnect()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A port that nobody listens on. */
export async function unusedPort(): Promise<number> {
  await using receiver = await openLineReceiver()
  return receiver.port
}
