import type { Seal } from './cipher-suites.ts'
import { parseCertificates, summarizeCertificate } from './certificates.ts'
import { messageType, type HandshakeMessage } from './handshake-messages.ts'
import { parseEncryptedExtensions, tls13, type ClientHello, type ServerHello } from './hello.ts'
import { provesTls12Identity, provesTls13Identity, type Claimant } from './prove-identity.ts'
import { readTls12Direction, type DirectionReading } from './read-direction.ts'
import { contentType, type TlsRecordBytes } from './records.ts'
import type { Presented, TlsReading } from './tls-reading.ts'
import { whole } from './whole.ts'

/** What belongs to each side. */
export interface Both<value> {
  readonly client: value
  readonly server: value
}

/** What both sides agreed on in the clear. */
export interface Agreed {
  readonly hello: ClientHello
  readonly answer: ServerHello
  readonly seal: Seal | undefined
}

/** Concludes from what both sides sent. */
export function judgeHandshake(
  { client, server }: Both<DirectionReading>,
  agreed: Agreed,
): Omit<TlsReading, 'version' | 'cipher' | 'serverName' | 'offeredAlpn'> {
  const { answer } = agreed
  const is13 = answer.version === tls13
  // Before TLS 1.3 only Finished and what follows is sealed.
  const readable =
    !is13 || (finished(client) && finished(server)) || !(client.sealed || server.sealed)
  const resumed = is13
    ? answer.resumes
    : server.changedKeys && find(server, messageType.certificate) === undefined
  const alert = alertOf({ client, server })
  const done = is13
    ? finished(client) && finished(server)
    : client.changedKeys && server.changedKeys
  return {
    alpn: is13 ? encryptedAlpn(server) : answer.alpn,
    readable,
    resumed,
    server: presented('server', { client, server }, { agreed, readable }),
    client: presented('client', { client, server }, { agreed, readable }),
    established: readable ? done && alert === undefined : alert === undefined ? undefined : false,
    alert,
    content:
      client.sealed || server.sealed
        ? undefined
        : { toServer: client.content, toClient: server.content },
  }
}

function presented(
  side: 'client' | 'server',
  readings: Both<DirectionReading>,
  { agreed, readable }: { readonly agreed: Agreed; readonly readable: boolean },
): Presented {
  const message = find(readings[side], messageType.certificate)
  if (message === undefined) return { kind: readable ? 'none' : 'unreadable' }
  const is13 = agreed.answer.version === tls13
  const [own] = whole(() => parseCertificates(message.body, is13)) ?? []
  if (own === undefined) return { kind: 'none' }
  const proven = proves({ side, certificate: own }, readings, agreed)
  return { kind: 'certificate', certificate: summarizeCertificate(own), proven }
}

function proves(
  claimant: Claimant,
  { client, server }: Both<DirectionReading>,
  { hello, answer, seal }: Agreed,
): boolean {
  const handshake = { client: client.messages, server: server.messages }
  if (answer.version !== tls13) {
    const randoms = Buffer.from(hello.random + answer.random, 'hex')
    return provesTls12Identity(claimant, handshake, randoms)
  }
  return seal !== undefined && provesTls13Identity(claimant, handshake, seal)
}

function encryptedAlpn(server: DirectionReading): string | undefined {
  const message = find(server, messageType.encryptedExtensions)
  return message && whole(() => parseEncryptedExtensions(message.body))
}

function alertOf({ client, server }: Both<DirectionReading>): TlsReading['alert'] {
  if (server.alert !== undefined) return { by: 'server', name: server.alert }
  if (client.alert !== undefined) return { by: 'client', name: client.alert }
  return undefined
}

function finished(reading: DirectionReading): boolean {
  return find(reading, messageType.finished) !== undefined
}

function find({ messages }: DirectionReading, type: number): HandshakeMessage | undefined {
  return messages.find((message) => message.type === type)
}

/** Nobody answered in TLS, or the answer was an alert, or the beginning is missing. */
export function judgeUnanswered(
  hello: ClientHello | undefined,
  { client, server }: Both<readonly TlsRecordBytes[]>,
): TlsReading {
  const cut = hello === undefined || server.some(({ type }) => type !== contentType.alert)
  const presentedNone: Presented = { kind: cut ? 'unreadable' : 'none' }
  return {
    version: undefined,
    cipher: undefined,
    serverName: hello?.serverName,
    offeredAlpn: hello?.alpn ?? [],
    alpn: undefined,
    readable: !cut,
    resumed: false,
    server: presentedNone,
    client: presentedNone,
    established: cut ? undefined : false,
    alert: cut
      ? undefined
      : alertOf({
          client: readTls12Direction(client, undefined),
          server: readTls12Direction(server, undefined),
        }),
    content: cut ? undefined : { toServer: [], toClient: [] },
  }
}
