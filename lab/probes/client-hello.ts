import { EndOfBytes } from './byte-reader.ts'
import { HandshakeMessages, messageType } from './tls/handshake-messages.ts'
import { parseClientHello } from './tls/hello.ts'
import { contentType } from './tls/records.ts'

/** The server name in a ClientHello (RFC 6066 section 3); undefined when it has none or is not there as a whole. */
export function findServerName(bytes: Uint8Array): string | undefined {
  const messages = new HandshakeMessages()
  try {
    const [hello] = messages.add(handshakeBytes(bytes))
    if (hello?.type !== messageType.clientHello) return undefined
    return parseClientHello(hello.body).serverName
  } catch (error) {
    if (error instanceof EndOfBytes) return undefined
    throw error
  }
}

/** The content of the leading handshake records, joined: a ClientHello may be spread over several. */
function handshakeBytes(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  let offset = 0
  while (offset + 5 <= bytes.length && bytes[offset] === contentType.handshake) {
    const length = ((bytes[offset + 3] ?? 0) << 8) | (bytes[offset + 4] ?? 0)
    parts.push(bytes.subarray(offset + 5, offset + 5 + length))
    offset += 5 + length
  }
  return Buffer.concat(parts)
}
