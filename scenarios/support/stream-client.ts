import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'

export interface StreamQuestion {
  readonly address: string
  readonly port: number
  /** Sent at once; default nothing. */
  readonly send?: string | Uint8Array
  /** Whether the client ends its direction after `send`; default true. */
  readonly end?: boolean
  /** Present = TLS without verification. */
  readonly tls?: { readonly serverName?: string }
  /** Where the client comes from. */
  readonly from?: { readonly address: string; readonly port?: number }
}

export interface StreamAnswer {
  readonly text: string
  /** Common name of the server's certificate. */
  readonly serverCertificate: string | undefined
}

/** Connects, sends, and reads until the server ends. */
export async function askStream(question: StreamQuestion): Promise<StreamAnswer> {
  const { address: host, port, from, tls, send, end = true } = question
  const plain = connect({
    host,
    port,
    ...(from && { localAddress: from.address, localPort: from.port }),
  })
  let socket: Socket = plain
  let serverCertificate: string | undefined
  if (tls !== undefined) {
    const secured = connectTls({
      socket: plain,
      rejectUnauthorized: false,
      servername: tls.serverName ?? '',
    })
    await once(secured, 'secureConnect')
    serverCertificate = /^CN=(.+)$/m.exec(secured.getPeerX509Certificate()?.subject ?? '')?.[1]
    socket = secured
  }
  if (send !== undefined) socket.write(send)
  if (end) socket.end()
  return { text: await text(socket), serverCertificate }
}
