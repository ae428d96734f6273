/** RFC 8446 section 4, RFC 5246 section 7.4. */
export const messageType = {
  clientHello: 1,
  serverHello: 2,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  serverHelloDone: 14,
  certificateVerify: 15,
  finished: 20,
  keyUpdate: 24,
} as const

export interface HandshakeMessage {
  readonly type: number
  readonly body: Uint8Array
}

/** Puts handshake messages together: one may be spread over records, and a record may hold several. */
export class HandshakeMessages {
  #pending: Uint8Array = new Uint8Array()

  /** The messages that are whole with these bytes. */
  add(bytes: Uint8Array): HandshakeMessage[] {
    let pending: Uint8Array = Buffer.concat([this.#pending, bytes])
    const messages: HandshakeMessage[] = []
    while (pending.length >= 4) {
      const [type = 0, high = 0, middle = 0, low = 0] = pending
      const end = 4 + ((high << 16) | (middle << 8) | low)
      if (pending.length < end) break
      messages.push({ type, body: pending.subarray(4, end) })
      pending = pending.subarray(end)
    }
    this.#pending = pending
    return messages
  }
}
