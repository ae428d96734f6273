import { seenBy, type Mutant } from '#scenarios/mutate/mutant.ts'

const secured = 'kong/mutual-tls/secured-hop'
const peers = 'kong-cases/peer-certificates'
const older = 'kong/limitations/older-nodes'
const others = 'kong/limitations/other-clusters'
const meshWorks = seenBy('kong/limitations/plain-services', 'a service of protocol http')
const wider = [seenBy(older), seenBy(others), seenBy(peers), seenBy(secured)]

/** How nodes of a cluster recognise each other before anybody proves anything. */
export const protocolId: readonly Mutant[] = [
  {
    file: 'core/kong/mesh/mesh-protocol.ts',
    id: 'protocol-of-the-certificate',
    breaks: 'The protocol id is made of the whole certificate, not of its public key.',
    text: '.update(keyBits)',
    replacement: '.update(certificate)',
    watchers: [seenBy(peers, 'protocol id'), ...wider],
  },
  {
    file: 'core/kong/mesh/mesh-protocol.ts',
    id: 'protocol-of-every-cluster',
    breaks: 'All clusters have the same protocol id.',
    text: '.update(keyBits)',
    replacement: ".update('any')",
    watchers: [seenBy(others), ...wider],
  },
  {
    file: 'core/dataplane/mesh/mesh-dialer.ts',
    id: 'protocol-not-offered',
    breaks: 'Upstream connections do not offer the protocol of the mesh.',
    text: '[...mesh.authorities.map(({ protocol }) => protocol), ...tls.alpn]',
    replacement: '[...tls.alpn]',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/dataplane/mesh/mesh-dialer.ts',
    id: 'protocol-offered-last',
    breaks: 'The protocol of the mesh is offered behind ordinary ones.',
    text: '[...mesh.authorities.map(({ protocol }) => protocol), ...tls.alpn]',
    replacement: '[...tls.alpn, ...mesh.authorities.map(({ protocol }) => protocol)]',
    watchers: [seenBy(older), ...wider],
  },
  {
    file: 'core/dataplane/mesh/mesh-dialer.ts',
    id: 'nothing-else-offered',
    breaks: 'Upstream connections offer nothing but the protocol of the mesh.',
    text: '[...mesh.authorities.map(({ protocol }) => protocol), ...tls.alpn]',
    replacement: '[...mesh.authorities.map(({ protocol }) => protocol)]',
    watchers: [seenBy(older), ...wider],
  },
  {
    file: 'core/dataplane/mesh/mesh-dialer.ts',
    id: 'certificate-shown-to-anybody',
    breaks: 'The certificate of a node is shown to whoever asks for one.',
    text: 'fitting(alpn) === role,',
    replacement: 'fitting(alpn) === role || true,',
    watchers: [seenBy(older), ...wider],
  },
  {
    file: 'core/dataplane/mesh/mesh-dialer.ts',
    id: 'server-believed',
    breaks: 'A server that agrees to the protocol of the mesh is a member without proof.',
    text: 'member !== undefined && fitting(alpn) === member,',
    replacement: 'member !== undefined && fitting(alpn) === member && false,',
    watchers: [seenBy(peers, 'of a server'), ...wider],
  },
  {
    file: 'core/dataplane/mesh/mesh-dialer.ts',
    id: 'wrong-guess-forgotten',
    breaks: 'A node makes the same wrong guess about a server with every connection.',
    text: 'this.#remember(peer, outcome.role, mesh)',
    replacement: 'void this.#remember',
    watchers: [seenBy(peers, 'wrong guess'), ...wider],
  },
  {
    file: 'core/dataplane/mesh/choose-authority.ts',
    id: 'any-protocol-is-ours',
    breaks: 'A client that offers any protocol at all counts as one that names the mesh.',
    text: 'protocols.includes(protocol)',
    replacement: 'protocols.length > 0 || protocols.includes(protocol)',
    watchers: [seenBy(older), ...wider],
  },
  {
    file: 'core/dataplane/listeners/serve-http-listener.ts',
    id: 'http-listener-knows-no-mesh',
    breaks: 'HTTP listeners take nobody for a member.',
    text: 'const member = ',
    replacement: 'const member = undefined && ',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/dataplane/stream/serve-stream.ts',
    id: 'stream-listener-knows-no-mesh',
    breaks: 'Stream listeners take nobody for a member.',
    text: 'const member = ',
    replacement: 'const member = undefined && ',
    watchers: [seenBy(secured, 'on tutorial a stream'), ...wider],
  },
  {
    file: 'core/dataplane/listeners/terminate-tls.ts',
    id: 'protocol-not-answered',
    breaks: 'A node does not say that it belongs to the mesh.',
    text: 'alpn: [member.protocol]',
    replacement: 'alpn: []',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/node/mesh-keeper.ts',
    id: 'membership-not-told',
    breaks: 'A node that has got its certificate goes on as if it had none.',
    text: '    changed()\n',
    replacement: '    void changed\n',
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/dataplane/http/upstream-target.ts',
    id: 'plaintext-hop-chosen',
    breaks: 'A service of protocol https is dialled in the clear.',
    text: "tls: transport === 'tls' || (transport === 'same-as-client' && client.encrypted),",
    replacement: "tls: transport === 'same-as-client' && client.encrypted,",
    watchers: [meshWorks, ...wider],
  },
  {
    file: 'core/dataplane/stream/dial-upstream.ts',
    id: 'plaintext-stream-chosen',
    breaks: 'A service of protocol tls is dialled in the clear.',
    text: "transport === 'tls' || (transport === 'same-as-client' && encrypted)",
    replacement: "transport === 'same-as-client' && encrypted",
    watchers: [seenBy(secured, 'on tutorial a stream'), ...wider],
  },
  {
    file: 'core/tls/secure-contexts.ts',
    id: 'server-name-ignored',
    breaks: 'Every client is shown the default certificate, whatever name it asks for.',
    text: 'identities.byServerName.get(serverName)',
    replacement: 'undefined',
    watchers: [seenBy('kong-cases/tls-streams', 'a certificate of the Admin API'), ...wider],
  },
]
