/** RFC 8446 section 6 and RFC 5246 section 7.2. */
const names: ReadonlyMap<number, string> = new Map([
  [0, 'close_notify'],
  [10, 'unexpected_message'],
  [20, 'bad_record_mac'],
  [40, 'handshake_failure'],
  [42, 'bad_certificate'],
  [43, 'unsupported_certificate'],
  [44, 'certificate_revoked'],
  [45, 'certificate_expired'],
  [46, 'certificate_unknown'],
  [47, 'illegal_parameter'],
  [48, 'unknown_ca'],
  [49, 'access_denied'],
  [50, 'decode_error'],
  [51, 'decrypt_error'],
  [70, 'protocol_version'],
  [71, 'insufficient_security'],
  [80, 'internal_error'],
  [90, 'user_canceled'],
  [109, 'missing_extension'],
  [112, 'unrecognized_name'],
  [116, 'certificate_required'],
  [120, 'no_application_protocol'],
])

const goodbyes = new Set([0, 90])
const warning = 1
const unrecognizedName = 112

/** The name of what ends a connection before its time; undefined for a goodbye and for a mere warning. */
export function fatalAlert(content: Uint8Array): string | undefined {
  const [level, description] = content
  if (description === undefined || goodbyes.has(description)) return undefined
  if (level === warning && description === unrecognizedName) return undefined
  return names.get(description) ?? `alert ${description}`
}
