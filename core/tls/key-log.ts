import type { TLSSocket } from 'node:tls'

/** Takes lines of the NSS key log format, each with its line feed (draft-ietf-tls-keylogfile). */
export type KeyLog = (line: Buffer) => void

const takers = new Set<KeyLog>()

/**
 * Until it is disposed of, hands over the secrets of every TLS connection that begins in this process: with them whoever
 * has the packets reads the connection.
 */
export function logTlsKeys(take: KeyLog): Disposable {
  takers.add(take)
  return { [Symbol.dispose]: () => void takers.delete(take) }
}

/** Call it before the handshake begins; nothing happens unless somebody logs keys. */
export function offerTlsKeys(socket: TLSSocket): void {
  if (takers.size === 0) return
  socket.on('keylog', (line: Buffer) => {
    for (const take of takers) take(line)
  })
}
