import { parseCertificates, summarizeCertificate } from './certificates.ts'
import { messageType, type HandshakeMessage } from './handshake-messages.ts'
import { parseEncryptedExtensions, tls13, type ClientHello, type ServerHello } from './hello.ts'
import { readTls12Direction, type DirectionReading } from './read-direction.ts'
import { contentType, type TlsRecordBytes } from './records.ts'
import type { Presented, TlsReading } from './tls-reading.ts'
import { whole } from './whole.ts'

/** What belongs to each side. */
export interface Both<value> {
  readonly client: value
  readonly server: value
}

/** Concludes from what both sides sent after a ServerHello. */
export function judgeHandshake(
  { client, server }: Both<DirectionReading>,
  answer: ServerHello,
): Omit<TlsReading, 'version' | 'cipher' | 'serverName' | 'offeredAlpn'> {
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
    server: presented(server, { is13, readable, provenByExchange: !is13 }),
    client: presented(client, { is13, readable, provenByExchange: false }),
    established: readable ? done && alert === undefined : alert === undefined ? undefined : false,
    alert,
    content:
      client.sealed || server.sealed
        ? undefined
        : { toServer: client.content, toClient: server.content },
  }
}

function presented(
  reading: DirectionReading,
  options: {
    readonly is13: boolean
    readonly readable: boolean
    readonly provenByExchange: boolean
  },
): Presented {
  const message = find(reading, messageType.certificate)
  if (message === undefined) return { kind: options.readable ? 'none' : 'unreadable' }
  const [own] = whole(() => parseCertificates(message.body, options.is13)) ?? []
  if (own === undefined) return { kind: 'none' }
  const proven =
    options.provenByExchange || find(reading, messageType.certificateVerify) !== undefined
  return { kind: 'certificate', certificate: summarizeCertificate(own), proven }
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
