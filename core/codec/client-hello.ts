/** What a client says about itself in its ClientHello (RFC 8446, section 4.1.2). */
export interface ClientHello {
  /** Lower case; undefined when the client sent none, or one that is not printable ASCII. */
  readonly serverName: string | undefined
  /** In the client's order of preference; empty when it sent none. */
  readonly alpn: readonly string[]
  /** Wire numbers, such as 0x0304 for TLS 1.3. */
  readonly supportedVersions: readonly number[]
}

/** Longest ClientHello that is read, in bytes: as much as Kong 1.1 holds. Longer ones are `invalid`. */
export const maxClientHelloBytes = 16 * 1024

/** Most bytes of records that are looked at: a ClientHello may come in many small records. */
export const maxRecordsBytes = 2 * maxClientHelloBytes

/**
 * Reads a ClientHello from the first bytes of a connection, however it is cut into records. Never throws; call it again
 * with more bytes in front of the same ones while it says `need-more`, which it never does for `maxRecordsBytes` or more.
 */
export function readClientHello(bytes: Uint8Array): ClientHello | 'need-more' | 'invalid' {
  const message = gatherMessage(bytes)
  return message instanceof Uint8Array ? parseMessage(message) : message
}

/** The body of the first handshake message. */
function gatherMessage(bytes: Uint8Array): Uint8Array | 'need-more' | 'invalid' {
  const fragments: Uint8Array[] = []
  let gathered = 0
  let wanted: number | undefined
  let at = 0
  while (at + 5 <= bytes.length) {
    const length = (bytes[at + 3]! << 8) | bytes[at + 4]!
    if (bytes[at] !== 22 || bytes[at + 1] !== 3 || length === 0 || length > 1 << 14)
      return 'invalid'
    const fragment = bytes.subarray(at + 5, at + 5 + length)
    fragments.push(fragment)
    gathered += fragment.length
    if (wanted === undefined && gathered >= 4) {
      const [type, high, middle, low] = Buffer.concat(fragments)
      if (type !== 1) return 'invalid'
      wanted = (high! << 16) | (middle! << 8) | low!
      if (wanted > maxClientHelloBytes) return 'invalid'
    }
    if (wanted !== undefined && gathered >= 4 + wanted) {
      return Buffer.concat(fragments).subarray(4, 4 + wanted)
    }
    at += 5 + length
  }
  return bytes.length >= maxRecordsBytes ? 'invalid' : 'need-more'
}

function parseMessage(message: Uint8Array): ClientHello | 'invalid' {
  const reader = new Reader(message)
  const legacyVersion = reader.number(2)
  reader.skip(32)
  reader.vector(1) // legacy_session_id
  reader.vector(2) // cipher_suites
  reader.vector(1) // legacy_compression_methods
  let serverName: string | undefined
  let alpn: readonly string[] = []
  let supportedVersions: readonly number[] | undefined
  // Before TLS 1.2 a ClientHello might have none at all.
  const extensions = reader.atEnd ? new Reader(new Uint8Array()) : reader.vector(2)
  while (!extensions.atEnd && !extensions.overrun) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    if (type === 0) serverName = readServerName(body)
    else if (type === 16) alpn = readAlpn(body)
    else if (type === 43) supportedVersions = readVersions(body)
    if (body.overrun) return 'invalid'
  }
  if (reader.overrun || extensions.overrun) return 'invalid'
  return { serverName, alpn, supportedVersions: supportedVersions ?? [legacyVersion] }
}

/** RFC 6066, section 3. */
function readServerName(body: Reader): string | undefined {
  const list = body.vector(2)
  let name: string | undefined
  while (!list.atEnd && !list.overrun) {
    const type = list.number(1)
    const text = list.vector(2).text()
    if (type === 0) name ??= text
  }
  if (list.overrun) body.fail()
  return name !== undefined && /^[!-~]+$/.test(name) ? name.toLowerCase() : undefined
}

/** RFC 7301, section 3.1. */
function readAlpn(body: Reader): readonly string[] {
  const list = body.vector(2)
  const protocols: string[] = []
  while (!list.atEnd && !list.overrun) protocols.push(list.vector(1).text())
  if (list.overrun) body.fail()
  return protocols
}

function readVersions(body: Reader): readonly number[] {
  const list = body.vector(1)
  const versions: number[] = []
  while (!list.atEnd && !list.overrun) versions.push(list.number(2))
  if (list.overrun) body.fail()
  return versions
}

/** Reads big-endian numbers and length-prefixed vectors; past the end it reads zeros and says so in `overrun`. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0
  #overrun = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  get overrun(): boolean {
    return this.#overrun
  }

  fail(): void {
    this.#overrun = true
  }

  number(size: number): number {
    let value = 0
    for (const byte of this.#take(size)) value = value * 256 + byte
    return value
  }

  skip(size: number): void {
    this.#take(size)
  }

  vector(lengthSize: number): Reader {
    return new Reader(this.#take(this.number(lengthSize)))
  }

  text(): string {
    return Buffer.from(this.#bytes).toString('latin1')
  }

  #take(size: number): Uint8Array {
    const end = this.#at + size
    if (end > this.#bytes.length) this.#overrun = true
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}
