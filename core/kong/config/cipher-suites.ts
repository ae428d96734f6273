/** OpenSSL's lists for the values of `ssl_cipher_suite`: Mozilla's recommendations of Kong 1.1's time. */
const suites = {
  modern: [
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-SHA384',
    'ECDHE-RSA-AES256-SHA384',
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-RSA-AES128-SHA256',
  ],
  intermediate: [
    'ECDHE+AESGCM',
    'ECDHE+CHACHA20',
    'DHE+AESGCM',
    'ECDHE+AES',
    'DHE+AES',
    'RSA+AES',
    '!aNULL',
    '!MD5',
  ],
  old: [
    'ECDHE+AESGCM',
    'ECDHE+CHACHA20',
    'ECDHE+AES',
    'DHE+AES',
    'RSA+AES',
    'HIGH',
    'SEED',
    '!aNULL',
    '!eNULL',
    '!EXPORT',
    '!MD5',
    '!PSK',
  ],
} as const

export const cipherSuiteNames = ['modern', 'intermediate', 'old', 'custom'] as const

/** The ciphers that a suite stands for; `custom` are the user's own. */
export function ciphersOf(suite: (typeof cipherSuiteNames)[number], custom: string): string {
  return suite === 'custom' ? custom : suites[suite].join(':')
}

/** OpenSSL leaves out ciphers that it does not know; with none left, every handshake would fail. */
export function cipherFaults(suite: string, custom: string): string[] {
  if (suite !== 'custom') {
    return cipherSuiteNames.some((name) => name === suite)
      ? []
      : [`Undefined cipher suite ${suite}`]
  }
  try {
    // Loaded only here: most starts do without it.
    if (custom !== '') process.getBuiltinModule('node:tls').createSecureContext({ ciphers: custom })
    return []
  } catch {
    return [`ssl_ciphers must name a cipher that OpenSSL knows, got '${custom}'`]
  }
}
