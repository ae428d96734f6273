import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { SocketAddress } from '#core/model/address.ts'

/** What came of a client's connection. */
export interface Met {
  readonly text: string
  readonly alpn: unknown
  readonly serverName: unknown
  /** Number of the TLS alert that ended it. */
  readonly alert: number | undefined
  readonly reused: boolean
  readonly session: Buffer | undefined
}

export const canaryRequest =
  'GET /canary HTTP/1.1\r\nHost: b\r\nX-Forwarded-Host: a\r\nConnection: close\r\n\r\n'

/** Says the request as soon as the client takes the handshake for done, and hears the connection to its end. */
export async function meet(
  { address, port }: SocketAddress,
  options: ConnectionOptions,
): Promise<Met> {
  const met = { text: '', alpn: undefined as unknown, serverName: undefined as unknown }
  let alert: number | undefined
  let session: Buffer | undefined
  let reused = false
  const client: TLSSocket = connect({
    port,
    host: address,
    rejectUnauthorized: false,
    ...options,
  })
  client.on('secureConnect', () => {
    met.alpn = client.alpnProtocol
    met.serverName = client.getPeerCertificate().subject?.CN
    reused = client.isSessionReused()
    client.write(canaryRequest)
  })
  client.on('session', (given) => (session = given))
  client.on('data', (bytes: Buffer) => (met.text += bytes.toString()))
  client.on('error', ({ message }) => {
    const [, number] = /SSL alert number (\d+)/.exec(message) ?? []
    alert ??= number === undefined ? undefined : Number(number)
  })
  await closed(client)
  return { ...met, alert, reused, session }
}

/** Resolves however it comes about. */
export function closed(client: TLSSocket): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()))
}
