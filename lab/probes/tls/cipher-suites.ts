export interface CipherSuite {
  readonly name: string
  /** How its records are sealed; undefined: in a way that is not read here. */
  readonly seal: Seal | undefined
}

export interface Seal {
  readonly algorithm: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'
  /** Of the key derivation. */
  readonly hash: 'sha256' | 'sha384'
  readonly keyLength: 16 | 32
}

const aes128: Seal = { algorithm: 'aes-128-gcm', hash: 'sha256', keyLength: 16 }
const aes256: Seal = { algorithm: 'aes-256-gcm', hash: 'sha384', keyLength: 32 }
const chacha: Seal = { algorithm: 'chacha20-poly1305', hash: 'sha256', keyLength: 32 }

/** Those that OpenSSL's defaults choose between (IANA's TLS Cipher Suites registry). */
const suites: ReadonlyMap<number, CipherSuite> = new Map([
  [0x1301, { name: 'TLS_AES_128_GCM_SHA256', seal: aes128 }],
  [0x1302, { name: 'TLS_AES_256_GCM_SHA384', seal: aes256 }],
  [0x1303, { name: 'TLS_CHACHA20_POLY1305_SHA256', seal: chacha }],
  [0x009c, { name: 'TLS_RSA_WITH_AES_128_GCM_SHA256', seal: aes128 }],
  [0x009d, { name: 'TLS_RSA_WITH_AES_256_GCM_SHA384', seal: aes256 }],
  [0x009e, { name: 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', seal: aes128 }],
  [0x009f, { name: 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', seal: aes256 }],
  [0xc02b, { name: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', seal: aes128 }],
  [0xc02c, { name: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', seal: aes256 }],
  [0xc02f, { name: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', seal: aes128 }],
  [0xc030, { name: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', seal: aes256 }],
  [0xcca8, { name: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', seal: chacha }],
  [0xcca9, { name: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', seal: chacha }],
  [0xc009, { name: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', seal: undefined }],
  [0xc00a, { name: 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', seal: undefined }],
  [0xc013, { name: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', seal: undefined }],
  [0xc014, { name: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', seal: undefined }],
  [0xc027, { name: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', seal: undefined }],
])

export function cipherSuite(code: number): CipherSuite {
  return suites.get(code) ?? { name: `0x${code.toString(16).padStart(4, '0')}`, seal: undefined }
}
