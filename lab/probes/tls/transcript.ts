import { createHash } from 'node:crypto'
import type { Seal } from './cipher-suites.ts'
import { messageType, type HandshakeMessage } from './handshake-messages.ts'

/** Stands for the first ClientHello after a HelloRetryRequest (RFC 8446 section 4.4.1). */
const messageHash = 254

/** The messages of a handshake in the order in which both sides hash them. */
export interface Handshake {
  readonly client: readonly HandshakeMessage[]
  readonly server: readonly HandshakeMessage[]
}

/** The hash of a TLS 1.3 handshake up to the Certificate message of that side, that one included. */
export function hashUpToCertificate(
  handshake: Handshake,
  side: 'client' | 'server',
  hash: Seal['hash'],
): Uint8Array {
  const hellos = inTurns(handshake, hash)
  const server = upTo(
    handshake.server.filter(isNoHello),
    side === 'server' ? messageType.certificate : messageType.finished,
  )
  const client =
    side === 'server' ? [] : upTo(handshake.client.filter(isNoHello), messageType.certificate)
  return digest([...hellos, ...server, ...client], hash)
}

/** All messages of a TLS 1.2 handshake before the client's CertificateVerify (RFC 5246 section 7.4.8). */
export function bytesBeforeClientVerify({ client, server }: Handshake): Uint8Array {
  const [hello, ...rest] = client
  const place = rest.findIndex(({ type }) => type === messageType.certificateVerify)
  const flight = upTo(server, messageType.serverHelloDone)
  return Buffer.concat([...(hello ? [hello] : []), ...flight, ...rest.slice(0, place)].map(encode))
}

function inTurns({ client, server }: Handshake, hash: Seal['hash']): readonly HandshakeMessage[] {
  const [first, second] = client.filter(({ type }) => type === messageType.clientHello)
  const [answer, secondAnswer] = server.filter(({ type }) => type === messageType.serverHello)
  const retried = first !== undefined && second !== undefined && secondAnswer !== undefined
  const opening = retried ? { type: messageHash, body: digest([first], hash) } : first
  return [opening, answer, second, secondAnswer].filter((message) => message !== undefined)
}

function isNoHello({ type }: HandshakeMessage): boolean {
  return type !== messageType.clientHello && type !== messageType.serverHello
}

function upTo(messages: readonly HandshakeMessage[], last: number): readonly HandshakeMessage[] {
  return messages.slice(0, messages.findIndex(({ type }) => type === last) + 1)
}

function digest(messages: readonly HandshakeMessage[], hash: Seal['hash']): Uint8Array {
  return createHash(hash)
    .update(Buffer.concat(messages.map(encode)))
    .digest()
}

function encode({ type, body }: HandshakeMessage): Uint8Array {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  head[0] = type
  return Buffer.concat([head, body])
}
