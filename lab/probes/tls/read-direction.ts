import { fatalAlert } from './alerts.ts'
import { HandshakeMessages, messageType, type HandshakeMessage } from './handshake-messages.ts'
import type { RecordOpener } from './record-opener.ts'
import { contentType, type TlsRecordBytes } from './records.ts'

/** What one side of a TLS connection sent. */
export interface DirectionReading {
  readonly messages: readonly HandshakeMessage[]
  /** The first alert that is no goodbye. */
  readonly alert: string | undefined
  readonly content: readonly ContentPart[]
  /** Records that no key opens: what they hold is unknown. */
  readonly sealed: boolean
  /** It went over to the keys that were agreed on. */
  readonly changedKeys: boolean
}

/** Application data of one record. */
export interface ContentPart {
  readonly bytes: Uint8Array
  /** Of the record, from the beginning of the direction. */
  readonly offset: number
}

/** Where in its direction the record begins that holds this byte of the joined parts. */
export function offsetInDirection(parts: readonly ContentPart[], at: number): number {
  let end = 0
  for (const { bytes, offset } of parts) {
    end += bytes.length
    if (at < end) return offset
  }
  return 0
}

/** Hands out openers, first for the handshake, then for what comes after it. Undefined: the keys are not known. */
export interface OpenerSequence {
  readonly first: RecordOpener | undefined
  /** After Finished, and after each KeyUpdate. */
  next(): RecordOpener | undefined
}

/** Reads the records of a TLS 1.3 side (RFC 8446 section 5): what is sealed has the type of application data. */
export function readTls13Direction(
  records: readonly TlsRecordBytes[],
  openers: OpenerSequence,
): DirectionReading {
  const reading = new Reading()
  let opener = openers.first
  for (const record of records) {
    if (record.type === contentType.changeCipherSpec) continue
    if (record.type !== contentType.applicationData) {
      reading.take(record.type, record.body, record.offset)
      continue
    }
    reading.changedKeys = true
    const opened = opener?.(record)
    if (opened === undefined) {
      reading.sealed = true
      break
    }
    for (const { type } of reading.take(opened.type, opened.content, record.offset)) {
      if (type === messageType.finished || type === messageType.keyUpdate) opener = openers.next()
    }
  }
  return reading
}

/** Reads the records of a side of an older version: after ChangeCipherSpec everything is sealed. */
export function readTls12Direction(
  records: readonly TlsRecordBytes[],
  opener: RecordOpener | undefined,
): DirectionReading {
  const reading = new Reading()
  for (const record of records) {
    if (record.type === contentType.changeCipherSpec) {
      reading.changedKeys = true
      continue
    }
    const opened = reading.changedKeys
      ? opener?.(record)
      : { type: record.type, content: record.body }
    if (opened === undefined) {
      reading.sealed = true
      break
    }
    reading.take(opened.type, opened.content, record.offset)
  }
  return reading
}

class Reading implements DirectionReading {
  readonly messages: HandshakeMessage[] = []
  readonly content: ContentPart[] = []
  alert: string | undefined
  sealed = false
  changedKeys = false
  readonly #whole = new HandshakeMessages()

  take(type: number, bytes: Uint8Array, offset: number): readonly HandshakeMessage[] {
    if (type === contentType.alert) this.alert ??= fatalAlert(bytes)
    if (type === contentType.applicationData) this.content.push({ bytes, offset })
    if (type !== contentType.handshake) return []
    const messages = this.#whole.add(bytes)
    this.messages.push(...messages)
    return messages
  }
}
