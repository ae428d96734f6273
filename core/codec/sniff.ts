/**
 * Tells from a connection's first bytes whether the client speaks TLS: a handshake record (RFC 8446, section 5.1) that
 * begins with a ClientHello. Six bytes always suffice.
 */
export function sniff(bytes: Uint8Array): 'tls' | 'plain' | 'need-more' {
  const [type, major, , high, low, message] = bytes
  if (type === undefined) return 'need-more'
  if (type !== handshakeRecord) return 'plain'
  if (major === undefined) return 'need-more'
  if (major !== 3) return 'plain'
  if (high === undefined || low === undefined) return 'need-more'
  const length = (high << 8) | low
  if (length === 0 || length > maxRecordBytes) return 'plain'
  if (message === undefined) return 'need-more'
  return message === clientHello ? 'tls' : 'plain'
}

const handshakeRecord = 22
const clientHello = 1
const maxRecordBytes = 1 << 14
