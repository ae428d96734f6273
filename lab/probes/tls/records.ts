/** Content types (RFC 8446 section 5.1). */
export const contentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
} as const

export interface TlsRecordBytes {
  readonly type: number
  /** The five bytes before the body. */
  readonly header: Uint8Array
  readonly body: Uint8Array
  /** Of the header, from the beginning of the direction. */
  readonly offset: number
}

/** Whether these bytes begin as a TLS record does. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  const [type, major, minor] = bytes
  const isRecord = type !== undefined && type >= 0x14 && type <= 0x17
  return isRecord && major === 3 && minor !== undefined && minor <= 4
}

/** Splits one direction of a connection; ends before a record that is not there as a whole, or is none. */
export function parseRecords(bytes: Uint8Array): TlsRecordBytes[] {
  const records: TlsRecordBytes[] = []
  let offset = 0
  while (offset + 5 <= bytes.length && looksLikeTls(bytes.subarray(offset, offset + 3))) {
    const length = ((bytes[offset + 3] ?? 0) << 8) | (bytes[offset + 4] ?? 0)
    const end = offset + 5 + length
    if (end > bytes.length) break
    records.push({
      type: bytes[offset] ?? 0,
      header: bytes.subarray(offset, offset + 5),
      body: bytes.subarray(offset + 5, end),
      offset,
    })
    offset = end
  }
  return records
}
