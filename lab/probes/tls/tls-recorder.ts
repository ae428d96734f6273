import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { connect as connectPlain, createServer as createPlainServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect, createServer, type ConnectionOptions, type TlsOptions } from 'node:tls'
import type { KeyAndCertificate } from '#lab/services/certificate.ts'

/** The bytes of a real TLS connection on loopback, and the secrets of its client. For tests of the readers. */
export interface RecordedTls {
  readonly toServer: Buffer
  readonly toClient: Buffer
  readonly keyLog: string
  /** What Node says of the connection, from the client's end; undefined: the handshake failed. */
  readonly client: { readonly version: string | null; readonly cipher: string } | undefined
  /** With it another connection resumes this one. */
  readonly session: Buffer | undefined
}

/** Records connections to one TLS server, through a relay. */
export interface TlsRecorder extends AsyncDisposable {
  /** Asks once, and resolves when the connection has ended, however it did. */
  readonly connect: (options: {
    readonly client: ConnectionOptions
    readonly question?: string
  }) => Promise<RecordedTls>
}

/** Before a server of Node, which answers `answer` and ends. */
export async function openTlsRecorder(options: TlsOptions): Promise<TlsRecorder> {
  const server = createServer(options, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('answer'))
  })
  server.on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const relay = await openRelay(portOf(server))
  return {
    connect: relay.connect,
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]()
      await once(server.close(), 'close')
    },
  }
}

/**
 * Before an `openssl s_server` that demands a certificate signed by `authority` and says by an alert what it dislikes,
 * where a server of Node only hangs up.
 */
export async function openStrictRecorder(
  identity: KeyAndCertificate,
  { authority }: { readonly authority: string },
): Promise<TlsRecorder> {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await mkdtempDisposable(join(tmpdir(), 'strict-')))
  const files = { key: identity.key, cert: identity.cert, CAfile: authority }
  const named = await Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      const file = join(folder.path, name)
      await writeFile(file, text)
      return [`-${name}`, file]
    }),
  )
  const strict = '-accept 127.0.0.1:0 -Verify 1 -verify_return_error'.split(' ')
  const server = spawn('openssl', ['s_server', ...strict, ...named.flat()], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  opening.defer(async () => {
    server.kill('SIGKILL')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  })
  let port: string | undefined
  for await (const line of createInterface(server.stdout)) {
    port = /^ACCEPT .*:(\d+)$/.exec(line)?.[1]
    if (port !== undefined) break
  }
  if (port === undefined) throw new Error('openssl s_server does not listen')
  server.stdout.resume()
  const relay = opening.use(await openRelay(Number(port)))
  const owned = opening.move()
  return { connect: relay.connect, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function openRelay(port: number): Promise<TlsRecorder> {
  const sockets = new Set<Socket>()
  let taken: { readonly toServer: Buffer[]; readonly toClient: Buffer[] } = empty()
  const relay = createPlainServer({ allowHalfOpen: true }, (inbound) => {
    const outbound = connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true })
    const { toServer, toClient } = (taken = empty())
    inbound.on('data', (data) => toServer.push(Buffer.from(data))).pipe(outbound)
    outbound.on('data', (data) => toClient.push(Buffer.from(data))).pipe(inbound)
    for (const socket of [inbound, outbound]) {
      sockets.add(socket)
      socket.on('error', () => {
        inbound.destroy()
        outbound.destroy()
      })
    }
  })
  await once(relay.listen(0, '127.0.0.1'), 'listening')
  return {
    connect: async ({ client, question = 'question' }) => {
      const keys: Buffer[] = []
      const socket = connect({ port: portOf(relay), host: '127.0.0.1', ...client })
      let session: Buffer | undefined
      let seen: RecordedTls['client']
      const { promise, resolve } = Promise.withResolvers<unknown>()
      socket
        .on('keylog', (line) => keys.push(line))
        .on('session', (made) => (session = made))
        .on('error', () => {})
        .on('close', resolve)
        .resume()
      socket.on('secureConnect', () => {
        seen = { version: socket.getProtocol(), cipher: socket.getCipher().standardName }
        socket.write(question)
      })
      await promise
      return {
        toServer: Buffer.concat(taken.toServer),
        toClient: Buffer.concat(taken.toClient),
        keyLog: Buffer.concat(keys).toString(),
        client: seen,
        session,
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await once(relay.close(), 'close')
    },
  }
}

function empty(): { readonly toServer: Buffer[]; readonly toClient: Buffer[] } {
  return { toServer: [], toClient: [] }
}

function portOf(server: { address(): unknown }): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null && 'port' in address) {
    return Number(address.port)
  }
  throw new Error('the server does not listen')
}
