import { seenBy, type Mutant } from '#scenarios/mutate/mutant.ts'

const secured = 'kong/mutual-tls/secured-hop'
const plainHop = 'kong/mutual-tls/plain-hop'
const foreign = 'kong/mutual-tls/foreign-peers'
const withoutKeys = 'kong/mutual-tls/without-keys'
const claims = 'kong/mutual-tls/wire-claims'
const wider = [seenBy(secured), seenBy(plainHop), seenBy(withoutKeys), seenBy(claims)]
const plainSeen = [seenBy(plainHop, 'on tutorial a service'), ...wider]
const securedSeen = [seenBy(secured, 'on tutorial a service of protocol https'), ...wider]
const refusalSeen = [seenBy(foreign, 'on tutorial whoever names'), seenBy(foreign), ...wider]
const removedSeen = [seenBy(plainHop, 'on tutorial without rules'), ...wider]

/** What looks at packets, and judges them: who is blind sees no fault. */
export const evidence: readonly Mutant[] = [
  {
    file: 'lab/probes/canary.ts',
    id: 'canary-not-seen-in-plaintext',
    breaks: 'A secret in the clear is not found.',
    text: 'return [...plain, ...decrypted]',
    replacement: 'return [...plain.slice(0, 0), ...decrypted]',
    watchers: plainSeen,
  },
  {
    file: 'lab/probes/canary.ts',
    id: 'canary-not-seen-under-tls',
    breaks: 'A secret under TLS is not found with the keys.',
    text: 'return [...plain, ...decrypted]',
    replacement: 'return [...plain, ...decrypted.slice(0, 0)]',
    watchers: securedSeen,
  },
  {
    file: 'lab/probes/hops.ts',
    id: 'everything-is-tls',
    breaks: 'Plaintext is taken for TLS.',
    text: "=> looksLikeTls(firstBytes)) ? 'tls' : 'plaintext'",
    replacement: "=> looksLikeTls(firstBytes)) ? 'tls' : 'tls'",
    watchers: plainSeen,
  },
  {
    file: 'lab/probes/hops.ts',
    id: 'nothing-is-tls',
    breaks: 'TLS is taken for plaintext.',
    text: "=> looksLikeTls(firstBytes)) ? 'tls' : 'plaintext'",
    replacement: "=> looksLikeTls(firstBytes)) ? 'plaintext' : 'plaintext'",
    watchers: securedSeen,
  },
  {
    file: 'lab/probes/tls/read-tls.ts',
    id: 'keys-not-used',
    breaks: 'The logged secrets of connections are not looked up.',
    text: 'keys.get(hello.random) ?? new Map<string, Uint8Array>()',
    replacement: 'keys && new Map<string, Uint8Array>()',
    watchers: securedSeen,
  },
  {
    file: 'reports/record/hop-security.ts',
    id: 'one-certificate-is-mutual',
    breaks: 'TLS in which the server alone shows a certificate counts as mutual.',
    text: 'tls.clientCertificate?.proven === true && tls.serverCertificate?.proven === true',
    replacement: 'tls.serverCertificate?.proven === true',
    watchers: [seenBy(secured, 'on tutorial the client and the service'), ...wider],
  },
  {
    file: 'lab/probes/tls/judge-handshake.ts',
    id: 'alerts-not-seen',
    breaks: 'Alerts are not noticed.',
    text: "if (server.alert !== undefined) return { by: 'server', name: server.alert }",
    replacement: '',
    watchers: refusalSeen,
  },
  {
    file: 'lab/probes/tls/judge-handshake.ts',
    id: 'refused-counts-as-established',
    breaks: 'A handshake that ended in an alert counts as one that came to its end.',
    text: 'established: readable ? done && alert === undefined :',
    replacement: 'established: readable ? done || alert !== undefined :',
    watchers: refusalSeen,
  },
  {
    file: 'lab/probes/tls/judge-handshake.ts',
    id: 'resumption-not-seen',
    breaks: 'A resumed session looks like a new one.',
    text: '? answer.resumes\n',
    replacement: '? answer.resumes && false\n',
    watchers: [seenBy(foreign, 'on tutorial an ordinary session in TLS 1.3'), ...wider],
  },
  {
    file: 'lab/probes/tls/prove-identity.ts',
    id: 'proof-not-found',
    breaks: 'A certificate counts as unproven, although its owner has signed the handshake.',
    text: 'return whole(() => isSignedBy(certificate, content, new ByteReader(message.body))) ?? false',
    replacement: 'return false',
    watchers: securedSeen,
  },
  {
    file: 'lab/probes/tcp-segment.ts',
    id: 'ipv4-not-read',
    breaks: 'Packets of IPv4 are passed over.',
    text: 'if (version === 4) return parseIpv4(frame, view, start)',
    replacement: 'if (version === 4) return undefined',
    watchers: plainSeen,
  },
  {
    file: 'lab/probes/tcp-flows.ts',
    id: 'ends-swapped',
    breaks: 'Client and server of a connection are taken for each other.',
    text: 'if (segment.syn) return !segment.ack',
    replacement: 'if (segment.syn) return segment.ack',
    watchers: plainSeen,
  },
  {
    file: 'lab/probes/wire.ts',
    id: 'earlier-packets-count',
    breaks: 'What other scenarios have sent counts for this one.',
    text: 'boolean => atMs >= sinceMs',
    replacement: 'boolean => atMs >= 0 * sinceMs',
    watchers: [seenBy(plainHop), ...wider],
  },
  {
    file: 'scenarios/support/wire/choose-taker.ts',
    id: 'rules-believed-installed',
    breaks: 'A connection counts as taken by a node while nothing is intercepted.',
    text: "way.rules === 'removed' || ",
    replacement: '',
    watchers: removedSeen,
  },
  {
    file: 'scenarios/support/wire/judge-link.ts',
    id: 'silence-is-proof',
    breaks: 'A claim about a link holds where nothing was said.',
    text: 'if (spoken.length > 0) return spoken\n',
    replacement: 'if (spoken.length >= 0) return spoken\n',
    watchers: [seenBy(withoutKeys, 'on tutorial where nothing was said'), ...wider],
  },
  {
    file: 'scenarios/support/wire/judge-link.ts',
    id: 'unreadable-is-proof',
    breaks: 'TLS that cannot be read counts as mutual.',
    text: "if (security === 'unknown-tls') {",
    replacement: "if (security === 'unknown-tls') return []\n  if (security === undefined) {",
    watchers: [seenBy(withoutKeys, 'on tutorial TLS whose secrets'), ...wider],
  },
  {
    file: 'scenarios/support/wire/judge-link.ts',
    id: 'claimed-protocol-not-compared',
    breaks: 'Whatever protocol was agreed on fits the claim.',
    text: 'if (alpn !== undefined && tls.alpn !== alpn) {',
    replacement: 'if (alpn === null) {',
    watchers: [seenBy(claims, 'on tutorial'), ...wider],
  },
  {
    file: 'scenarios/support/wire/judge-link.ts',
    id: 'claimed-subject-not-compared',
    breaks: 'Whatever certificates were shown fit the claim.',
    text: 'subject !== undefined && !subject.test(presented.certificate.subject)',
    replacement: 'subject === null',
    watchers: [seenBy(claims, 'on tutorial'), ...wider],
  },
  {
    file: 'scenarios/support/wire/judge-request.ts',
    id: 'passing-nobody-is-passing',
    breaks: 'A request that no node handed on has passed any nodes.',
    text: 'passed.length === nodes.length && ',
    replacement: '',
    watchers: removedSeen,
  },
]
