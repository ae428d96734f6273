/** Content types (RFC 8446 section 5.1). */
const handshakeRecord = 0x16
const [firstRecord, lastRecord] = [0x14, 0x17]
const clientHelloMessage = 0x01
const serverNameExtension = 0x0000
const hostNameType = 0x00

/** Whether these bytes begin as a TLS record does. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  const [type, major, minor] = bytes
  const isRecord = type !== undefined && type >= firstRecord && type <= lastRecord
  return isRecord && major === 3 && minor !== undefined && minor <= 4
}

/** The server name in a ClientHello (RFC 6066 section 3); undefined when it has none or is not there as a whole. */
export function findServerName(bytes: Uint8Array): string | undefined {
  try {
    return readServerName(new Reader(handshakeBytes(bytes)))
  } catch (error) {
    if (error instanceof EndOfBytes) return undefined
    throw error
  }
}

/** The content of the leading handshake records, joined: a ClientHello may be spread over several. */
function handshakeBytes(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  let offset = 0
  while (offset + 5 <= bytes.length && bytes[offset] === handshakeRecord) {
    const length = ((bytes[offset + 3] ?? 0) << 8) | (bytes[offset + 4] ?? 0)
    parts.push(bytes.subarray(offset + 5, offset + 5 + length))
    offset += 5 + length
  }
  return Buffer.concat(parts)
}

function readServerName(hello: Reader): string | undefined {
  if (hello.uint(1) !== clientHelloMessage) return undefined
  const body = hello.take(hello.uint(3))
  body.skip(2 + 32) // version, random
  body.skip(body.uint(1)) // session id
  body.skip(body.uint(2)) // cipher suites
  body.skip(body.uint(1)) // compression methods
  const extensions = body.take(body.uint(2))
  while (extensions.remaining > 0) {
    const type = extensions.uint(2)
    const extension = extensions.take(extensions.uint(2))
    if (type !== serverNameExtension) continue
    const names = extension.take(extension.uint(2))
    while (names.remaining > 0) {
      const nameType = names.uint(1)
      const name = names.take(names.uint(2))
      if (nameType === hostNameType) return name.text()
    }
  }
  return undefined
}

class EndOfBytes extends Error {}

class Reader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  uint(width: number): number {
    let value = 0
    for (const byte of this.#advance(width)) value = value * 256 + byte
    return value
  }

  take(length: number): Reader {
    return new Reader(this.#advance(length))
  }

  skip(length: number): void {
    this.#advance(length)
  }

  text(): string {
    return Buffer.from(this.#advance(this.remaining)).toString('latin1')
  }

  #advance(length: number): Uint8Array {
    if (length > this.remaining) throw new EndOfBytes()
    const start = this.#offset
    this.#offset += length
    return this.#bytes.subarray(start, this.#offset)
  }
}
