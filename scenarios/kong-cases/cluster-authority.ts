import {
  constants,
  createHash,
  generateKeyPairSync,
  privateEncrypt,
  randomBytes,
  X509Certificate,
} from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import forge from 'node-forge'
import { eventually } from '#scenarios/support/eventually.ts'

/** Who signs for the nodes of a cluster; both PEM. */
export interface ClusterAuthority {
  readonly cert: string
  readonly key: string
}

/** As nodes keep it. */
export interface StoredAuthority extends ClusterAuthority {
  /** About to take its place. */
  readonly next: ClusterAuthority | null
}

export interface CertificateTerms {
  readonly usage?: readonly ('serverAuth' | 'clientAuth')[]
  /** Unix time in ms; default in an hour. */
  readonly notAfterMs?: number
}

/** The authority of nodes that run in a folder, as soon as one has made it: read where they keep it. */
export async function clusterAuthority(folder: string): Promise<StoredAuthority> {
  let found: StoredAuthority | undefined
  await eventually('a node makes the authority of its cluster', () => {
    using database = new DatabaseSync(join(folder, 'kong.sqlite'), {
      readOnly: true,
      timeout: 5_000,
    })
    const row = database.prepare(`SELECT body FROM documents WHERE collection = 'cluster_ca'`).get()
    if (row !== undefined) found = JSON.parse(String(row['body']))
    return Promise.resolve(found !== undefined)
  })
  if (found === undefined) throw new Error('no authority')
  return found
}

/** The protocol id of a cluster, by the text of the specification (Kong 1.1): made here, not asked of a node. */
export function protocolIdOf({ cert }: Pick<ClusterAuthority, 'cert'>): string {
  const { publicKey } = new X509Certificate(cert)
  const bits = publicKey.export({ type: 'pkcs1', format: 'der' })
  return `com.konghq/service-mesh/1/${createHash('sha256').update(bits).digest('base64')}`
}

/** An authority that is none of any cluster. */
export function foreignAuthority(): ClusterAuthority {
  const subject = [{ shortName: 'CN', value: 'kong-cluster-elsewhere' }]
  const cert = sign({ subject, issuer: subject, key: otherKey.privateKey, owner: otherKey }, [
    { name: 'basicConstraints', critical: true, cA: true },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
  ])
  return { cert, key: otherKey.privateKey }
}

/** A certificate as nodes have it, but for its signature, which is its own. */
export function selfSigned(): ClusterAuthority {
  const subject = [{ shortName: 'CN', value: 'kong-node-of-a-test' }]
  const key = memberKey.privateKey
  return { cert: sign({ subject, issuer: subject, key }, ofNode(bothUses)), key }
}

/** A certificate as nodes have it, unless told otherwise, and its key. */
export function issueBy(
  { cert, key }: ClusterAuthority,
  { usage = bothUses, notAfterMs }: CertificateTerms = {},
): ClusterAuthority {
  const made = sign(
    {
      subject: [{ shortName: 'CN', value: 'kong-node-of-a-test' }],
      issuer: forge.pki.certificateFromPem(cert).subject.attributes,
      key,
      notAfterMs,
    },
    ofNode(usage),
  )
  return { cert: made, key: memberKey.privateKey }
}

const bothUses = ['serverAuth', 'clientAuth'] as const

function ofNode(usage: readonly string[]): readonly object[] {
  return [
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'extKeyUsage', ...Object.fromEntries(usage.map((use) => [use, true])) },
  ]
}

interface Signing {
  readonly subject: readonly forge.pki.CertificateField[]
  readonly issuer: readonly forge.pki.CertificateField[]
  /** Of the issuer. */
  readonly key: string
  readonly notAfterMs?: number | undefined
  /** Whose key is certified; default that of all members. */
  readonly owner?: KeyPair
}

interface KeyPair {
  readonly publicKey: string
  readonly privateKey: string
}

function sign(
  { subject, issuer, key, notAfterMs = Date.now() + hourMs, owner = memberKey }: Signing,
  extensions: readonly object[],
): string {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(owner.publicKey)
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`
  certificate.validity.notBefore = new Date(Date.now() - 2 * hourMs)
  certificate.validity.notAfter = new Date(notAfterMs)
  certificate.setSubject([...subject])
  certificate.setIssuer([...issuer])
  certificate.setExtensions([...extensions])
  const signer = { ...forge.pki.privateKeyFromPem(key), sign: signWith(key) }
  certificate.sign(signer, forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate)
}

/** What forge reckons out in JavaScript takes thirty times as long. */
function signWith(key: string): (digest: forge.md.MessageDigest) => string {
  const padding = constants.RSA_PKCS1_PADDING
  return (digest) => {
    const hash = Buffer.from(digest.digest().getBytes(), 'latin1')
    return privateEncrypt({ key, padding }, Buffer.concat([sha256Info, hash])).toString('latin1')
  }
}

/** What stands before a SHA-256 hash that is signed (RFC 8017, section 9.2). */
const sha256Info = Buffer.from('3031300d060960864801650304020105000420', 'hex')

const hourMs = 3_600_000

function rsaKey(): KeyPair {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

/** One key for all members: certificates are what tests are about, and keys are slow to make. */
const memberKey = rsaKey()
const otherKey = rsaKey()
