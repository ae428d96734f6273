import { seenBy, type Mutant } from '#scenarios/mutate/mutant.ts'

const secured = 'kong/mutual-tls/secured-hop'
const foreign = 'kong/mutual-tls/foreign-peers'
const plain = 'kong/limitations/plain-services'
const peers = 'kong-cases/peer-certificates'

/** The quickest that needs a whole mesh. */
const meshWorks = seenBy(plain, 'a service of protocol http')
const wider = [seenBy(peers), seenBy(secured), seenBy(foreign)]
const refusal = [seenBy(peers, 'of a client'), ...wider]

/** Who has to prove what to whom, and what is said to those who cannot. */
export const handshake: readonly Mutant[] = [
  {
    file: 'core/dataplane/listeners/terminate-tls.ts',
    id: 'client-not-verified',
    breaks: 'Who names the mesh is a member without proof.',
    text: 'verifyClient: true',
    replacement: 'verifyClient: false',
    watchers: refusal,
  },
  {
    file: 'core/dataplane/channel/start-tls.ts',
    id: 'client-certificate-not-asked-for',
    breaks: 'Clients that claim to be members are asked for no certificate.',
    text: '...(verifyClient ? { requestCert: true, rejectUnauthorized: true } : {}),',
    replacement: '',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/dataplane/channel/start-tls.ts',
    id: 'client-without-certificate-not-rejected',
    breaks: 'OpenSSL lets clients without a certificate go on.',
    text: '{ requestCert: true, rejectUnauthorized: true }',
    replacement: '{ requestCert: true, rejectUnauthorized: false }',
    watchers: refusal,
  },
  {
    file: 'core/dataplane/channel/start-tls.ts',
    id: 'client-not-judged',
    breaks: 'What OpenSSL found of the certificate of a client is not asked for.',
    text: "certificateFault(secured, 'client')",
    replacement: 'undefined',
    watchers: refusal,
  },
  {
    file: 'core/dataplane/channel/start-tls.ts',
    id: 'server-judged-too-late',
    breaks: 'A server is looked at only after this node has introduced itself.',
    text: "const fault = trust.verifies(alpn) ? certificateFault(secured, 'server') : undefined\n    if",
    replacement: 'const fault = undefined\n    if',
    watchers: [seenBy(peers, 'of a server'), ...wider],
  },
  {
    file: 'core/dataplane/channel/start-tls.ts',
    id: 'server-not-judged-again',
    breaks: 'A server is not looked at again when the handshake is over.',
    text: "trust.verifies(chosenProtocol(secured)) ? certificateFault(secured, 'server') : undefined",
    replacement: 'undefined',
    watchers: [seenBy(peers, 'of a server'), ...wider],
    explained:
      'It was looked at before anything was sent to it; the second look is for handshakes in which OpenSSL tells no secrets, and there are none.',
  },
  {
    file: 'core/dataplane/channel/refuse-peer.ts',
    id: 'verification-result-ignored',
    breaks: 'What OpenSSL says of a certificate does not matter.',
    text: 'if (fault) return new RefusedCertificate',
    replacement: 'if (fault && false) return new RefusedCertificate',
    watchers: refusal,
  },
  {
    file: 'core/dataplane/channel/refuse-peer.ts',
    id: 'no-alert',
    breaks: 'Who is refused is not told by an alert.',
    text: 'if (alert !== undefined) transport.write(alert)',
    replacement: '',
    watchers: refusal,
  },
  {
    file: 'core/tls/fatal-alert.ts',
    id: 'alert-for-expired',
    breaks: 'Who shows an expired certificate is told something else.',
    text: "['CERT_HAS_EXPIRED', 45]",
    replacement: "['CERT_HAS_EXPIRED', 46]",
    watchers: refusal,
  },
  {
    file: 'core/tls/mesh-contexts.ts',
    id: 'authority-not-trusted',
    breaks: 'Nodes do not trust the authority of their cluster.',
    text: '    ca: certificate,\n',
    replacement: '',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/tls/mesh-contexts.ts',
    id: 'certificate-not-shown',
    breaks: 'Nodes show no certificate.',
    text: '    cert: identity.certificate,\n    key: identity.privateKey,\n',
    replacement: '',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/tls/mesh-contexts.ts',
    id: 'sessions-resumed',
    breaks: 'Members get session tickets.',
    text: 'constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION',
    replacement: 'constants.SSL_OP_NO_RENEGOTIATION',
    watchers: [seenBy(peers, 'session'), ...wider],
  },
  {
    file: 'core/tls/mesh-contexts.ts',
    id: 'no-session-context',
    breaks: 'A member that tries to resume a session is broken off.',
    text: "    sessionIdContext: 'mesh',\n",
    replacement: '',
    watchers: [seenBy(peers, 'session'), ...wider],
    explained:
      'Members get no tickets, so that OpenSSL finds no session of theirs, and never asks in which context one was made.',
  },
  {
    file: 'core/kong/mesh/issue-certificate.ts',
    id: 'node-certificate-for-servers-only',
    breaks: 'Certificates of nodes are not meant for clients.',
    text: 'serverAuth: true, clientAuth: true',
    replacement: 'serverAuth: true, clientAuth: false',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/kong/mesh/issue-certificate.ts',
    id: 'certificates-born-expired',
    breaks: 'Certificates have ended before they begin.',
    text: 'new Date(now + lifetimeMs)',
    replacement: 'new Date(now - lifetimeMs)',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/kong/mesh/issue-certificate.ts',
    id: 'authority-may-not-sign',
    breaks: 'The authority of a cluster is none by its certificate.',
    text: 'critical: true, cA: true',
    replacement: 'critical: true, cA: false',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/kong/mesh/node-identities.ts',
    id: 'node-without-name',
    breaks: 'Certificates do not name their node.',
    text: '`kong-node-${nodeId}`',
    replacement: '`node-${nodeId}`',
    watchers: [seenBy(secured, 'on tutorial a service of protocol https'), ...wider],
  },
]
