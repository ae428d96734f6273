import { ByteReader } from '#lab/probes/byte-reader.ts'

export interface ClientHello {
  /** In hexadecimal, as key logs have it. */
  readonly random: string
  readonly serverName: string | undefined
  readonly alpn: readonly string[]
}

/** As `ServerHello.version` has it. */
export const tls13 = 0x0304

export interface ServerHello {
  readonly random: string
  /** 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. */
  readonly version: number
  readonly cipherSuite: number
  /** Of TLS 1.2; TLS 1.3 has it in EncryptedExtensions. */
  readonly alpn: string | undefined
  /** TLS 1.3: an earlier session goes on. */
  readonly resumes: boolean
  /** Asks for another ClientHello instead of agreeing. */
  readonly isRetry: boolean
}

const extension = { serverName: 0, alpn: 16, preSharedKey: 41, supportedVersions: 43 } as const
const hostName = 0
/** The random of a HelloRetryRequest (RFC 8446 section 4.1.3). */
const retryRandom = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/**
 * Reads the body of a ClientHello message.
 * @throws {EndOfBytes} When it is not there as a whole.
 */
export function parseClientHello(body: Uint8Array): ClientHello {
  const hello = new ByteReader(body)
  hello.bytes(2) // version
  const random = hex(hello.bytes(32))
  hello.vector(1) // session id
  hello.vector(2) // cipher suites
  hello.vector(1) // compression methods
  const extensions = parseExtensions(hello)
  return {
    random,
    serverName: parseServerName(extensions.get(extension.serverName)),
    alpn: parseAlpn(extensions.get(extension.alpn)),
  }
}

/**
 * Reads the body of a ServerHello message.
 * @throws {EndOfBytes} When it is not there as a whole.
 */
export function parseServerHello(body: Uint8Array): ServerHello {
  const hello = new ByteReader(body)
  const legacyVersion = hello.uint(2)
  const random = hex(hello.bytes(32))
  hello.vector(1) // session id
  const cipherSuite = hello.uint(2)
  hello.uint(1) // compression method
  const extensions = parseExtensions(hello)
  const selected = extensions.get(extension.supportedVersions)
  return {
    random,
    version: selected === undefined ? legacyVersion : new ByteReader(selected).uint(2),
    cipherSuite,
    alpn: parseAlpn(extensions.get(extension.alpn))[0],
    resumes: extensions.has(extension.preSharedKey),
    isRetry: random === retryRandom,
  }
}

/** The protocol that an EncryptedExtensions message (RFC 8446 section 4.3.1) names. */
export function parseEncryptedExtensions(body: Uint8Array): string | undefined {
  return parseAlpn(parseExtensions(new ByteReader(body)).get(extension.alpn))[0]
}

function parseExtensions(message: ByteReader): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  // Before TLS 1.3 a hello may have none.
  if (message.remaining === 0) return found
  const extensions = message.vector(2)
  while (extensions.remaining > 0) {
    const type = extensions.uint(2)
    found.set(type, extensions.vector(2).rest())
  }
  return found
}

/** RFC 6066 section 3. */
function parseServerName(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined
  const names = new ByteReader(bytes).vector(2)
  while (names.remaining > 0) {
    const type = names.uint(1)
    const name = names.vector(2)
    if (type === hostName) return name.text()
  }
  return undefined
}

/** RFC 7301 section 3.1. */
function parseAlpn(bytes: Uint8Array | undefined): readonly string[] {
  if (bytes === undefined) return []
  const list = new ByteReader(bytes).vector(2)
  const protocols: string[] = []
  while (list.remaining > 0) protocols.push(list.vector(1).text())
  return protocols
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
