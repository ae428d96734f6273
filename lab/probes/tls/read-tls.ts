import { cipherSuite, type Seal } from './cipher-suites.ts'
import { deriveTls12Keys, deriveTls13Keys, nextTls13Secret } from './derive-keys.ts'
import { HandshakeMessages, messageType, type HandshakeMessage } from './handshake-messages.ts'
import {
  parseClientHello,
  parseServerHello,
  tls13,
  type ClientHello,
  type ServerHello,
} from './hello.ts'
import { judgeHandshake, judgeUnanswered, type Agreed, type Both } from './judge-handshake.ts'
import type { ConnectionSecrets, KeyLog } from './key-log.ts'
import {
  readTls12Direction,
  readTls13Direction,
  type DirectionReading,
  type OpenerSequence,
} from './read-direction.ts'
import { tls12Opener, tls13Opener } from './record-opener.ts'
import { contentType, parseRecords, type TlsRecordBytes } from './records.ts'
import type { TlsReading } from './tls-reading.ts'
import { whole } from './whole.ts'

const versions: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSL 3.0'],
  [0x0301, 'TLS 1.0'],
  [0x0302, 'TLS 1.1'],
  [0x0303, 'TLS 1.2'],
  [tls13, 'TLS 1.3'],
])

/** Reads both directions of a connection that begins with TLS records. Never throws, whatever the bytes. */
export function readTls(
  bytes: { readonly toServer: Uint8Array; readonly toClient: Uint8Array },
  keys: KeyLog,
): TlsReading {
  const client = parseRecords(bytes.toServer)
  const server = parseRecords(bytes.toClient)
  const hello = findClientHello(client)
  const answer = findServerHello(server)
  if (hello === undefined || answer === undefined) return judgeUnanswered(hello, { client, server })
  const secrets = keys.get(hello.random) ?? new Map<string, Uint8Array>()
  const { seal, name: cipher } = cipherSuite(answer.cipherSuite)
  const agreed = { hello, answer, secrets, seal }
  const readings =
    answer.version === tls13
      ? readTls13({ client, server }, agreed)
      : readTls12({ client, server }, agreed)
  return {
    version: versions.get(answer.version) ?? `0x${answer.version.toString(16)}`,
    cipher,
    serverName: hello.serverName,
    offeredAlpn: hello.alpn,
    ...judgeHandshake(readings, agreed),
  }
}

interface WithSecrets extends Agreed {
  readonly secrets: ConnectionSecrets
}

function readTls13(
  records: Both<readonly TlsRecordBytes[]>,
  { secrets, seal }: WithSecrets,
): Both<DirectionReading> {
  const openers = (side: 'CLIENT' | 'SERVER'): OpenerSequence => {
    let secret: Uint8Array | undefined
    return {
      first: openerOf(secrets.get(`${side}_HANDSHAKE_TRAFFIC_SECRET`), seal),
      next: () => {
        secret =
          secret === undefined || seal === undefined
            ? secrets.get(`${side}_TRAFFIC_SECRET_0`)
            : nextTls13Secret(secret, seal)
        return openerOf(secret, seal)
      },
    }
  }
  return {
    client: readTls13Direction(records.client, openers('CLIENT')),
    server: readTls13Direction(records.server, openers('SERVER')),
  }
}

function openerOf(secret: Uint8Array | undefined, seal: Seal | undefined): OpenerSequence['first'] {
  return secret && seal && tls13Opener(seal, deriveTls13Keys(secret, seal))
}

function readTls12(
  records: Both<readonly TlsRecordBytes[]>,
  { hello, answer, secrets, seal }: WithSecrets,
): Both<DirectionReading> {
  const master = secrets.get('CLIENT_RANDOM')
  const randoms = { clientRandom: hello.random, serverRandom: answer.random }
  const keys = master && seal && deriveTls12Keys({ master, ...randoms }, seal)
  return {
    client: readTls12Direction(records.client, keys && seal && tls12Opener(seal, keys.client)),
    server: readTls12Direction(records.server, keys && seal && tls12Opener(seal, keys.server)),
  }
}

function findClientHello(records: readonly TlsRecordBytes[]): ClientHello | undefined {
  const message = clearMessages(records).find(({ type }) => type === messageType.clientHello)
  return message && whole(() => parseClientHello(message.body))
}

function findServerHello(records: readonly TlsRecordBytes[]): ServerHello | undefined {
  return clearMessages(records)
    .filter(({ type }) => type === messageType.serverHello)
    .map(({ body }) => whole(() => parseServerHello(body)))
    .find((hello) => hello !== undefined && !hello.isRetry)
}

/** The handshake messages before anything is sealed. */
function clearMessages(records: readonly TlsRecordBytes[]): readonly HandshakeMessage[] {
  const messages = new HandshakeMessages()
  const clear = records.filter(({ type }) => type === contentType.handshake)
  return clear.flatMap(({ body }) => messages.add(body))
}
