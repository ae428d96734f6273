import type { RequestListener, ServerOptions } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'

/** A certificate chain and its private key, both PEM. */
export interface RestIdentity {
  readonly certificate: string
  readonly privateKey: string
}

/**
 * Makes a server that can listen before its identity is there: connections are accepted and their handshakes wait.
 * Without an identity in the end they are closed.
 */
export function createTlsServer(
  {
    identity,
    ciphers,
  }: {
    readonly identity: RestIdentity | Promise<RestIdentity>
    /** OpenSSL's list for TLS up to 1.2; default: Node's. */
    readonly ciphers?: string | undefined
  },
  options: ServerOptions,
  listener: RequestListener,
): Server {
  const server = createServer({ ...options, pauseOnConnect: true }, listener)
  const handshake = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  const ready = Promise.resolve(identity).then(({ certificate, privateKey }) =>
    server.setSecureContext({ cert: certificate, key: privateKey, ...(ciphers && { ciphers }) }),
  )
  // Whoever made the promise reports its failure; here it only ends connections.
  ready.catch(() => {})
  const admit = async (socket: Socket): Promise<void> => {
    socket.on('error', ignore)
    try {
      await ready
    } catch {
      socket.destroy()
      return
    }
    socket.off('error', ignore)
    if (socket.destroyed) return
    for (const start of handshake) start.call(server, socket)
  }
  server.on('connection', (socket) => void admit(socket))
  return server
}

function ignore(): void {}
