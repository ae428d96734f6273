import { seenBy, type Mutant } from '#scenarios/mutate/mutant.ts'

const origins = 'kong-cases/origins'
const headers = 'kong/http/forwarded-headers'
const passage = 'kong-cases/passage'
const plain = seenBy('kong/limitations/plain-services', 'a service of protocol http')
const wider = [seenBy(origins), seenBy(passage), seenBy(headers)]
const inRewrites = { file: 'core/dataplane/mesh/address-rewrites.ts' }

/** What a node makes of a request: its host, its way, and where it is sent. */
export const requests: readonly Mutant[] = [
  {
    file: 'core/dataplane/mesh/mesh-request.ts',
    id: 'host-not-restored',
    breaks: 'The second node goes by the host that the first one dialled.',
    text: "head: { ...head, authority: host, fields: [headerField('Host', host), ...fields] },",
    replacement: 'head: { ...head, fields: [...fields] },',
    watchers: [seenBy(origins, 'may lead over three nodes'), ...wider],
  },
  {
    file: 'core/dataplane/mesh/mesh-request.ts',
    id: 'passage-not-read',
    breaks: 'A node forgets where a request has come through.',
    text: 'if (field.key === passageKey) passage.push(...entriesOf(field.value))',
    replacement: 'if (field.key === passageKey) entriesOf(field.value)',
    watchers: [seenBy(origins, 'is refused where a node'), ...wider],
  },
  {
    file: 'core/dataplane/http/exchange.ts',
    id: 'loop-not-detected',
    breaks: 'A request that comes round again goes on.',
    text: 'const cameRound = this.#passage.includes(here)',
    replacement: 'const cameRound = false',
    watchers: [seenBy(origins, 'is refused where a node'), ...wider],
  },
  {
    file: 'core/dataplane/http/exchange.ts',
    id: 'every-second-node-is-a-loop',
    breaks: 'Whatever has come through any node of the mesh counts as a loop.',
    text: 'const cameRound = this.#passage.includes(here)',
    replacement: 'const cameRound = this.#passage.length > 0',
    watchers: [plain, ...wider],
  },
  {
    file: 'core/dataplane/http/plan-exchange.ts',
    id: 'passage-not-sent',
    breaks: 'A node does not tell the next one where a request has come through.',
    text: "to === 'mesh-peer' ? { hostHeader, upgrade, passage } :",
    replacement: "to === 'mesh-peer' ? { hostHeader, upgrade } :",
    watchers: [seenBy(origins, 'is refused where a node'), ...wider],
  },
  {
    file: 'core/dataplane/http/plan-exchange.ts',
    id: 'passage-told-to-anybody',
    breaks: 'Services learn through which nodes a request has come.',
    text: "to === 'mesh-peer' ?",
    replacement: "to !== 'x' ?",
    watchers: [seenBy(passage, 'nobody outside'), ...wider],
  },
  {
    file: 'core/dataplane/http/exchange.ts',
    id: 'missing-host-not-refused',
    breaks: 'A request of a member that names no host is taken as it is.',
    text: 'if (restored === undefined) {',
    replacement: 'if (restored === undefined) return true\n    if (restored === null) {',
    watchers: [seenBy(passage, 'one that does not is refused'), ...wider],
  },
  {
    file: 'core/dataplane/listeners/loop-guard.ts',
    id: 'own-connections-not-recognised',
    breaks: 'A node does not notice that it has dialled itself.',
    text: "return count > (visits === 'once'",
    replacement: "return count < 0 && count > (visits === 'once'",
    watchers: [seenBy(passage, 'dials itself'), ...wider],
  },
  {
    file: 'core/dataplane/http/forward-headers.ts',
    id: 'peer-not-appended',
    breaks: 'X-Forwarded-For does not grow from node to node.',
    text: '`${forwardedFor}, ${peer}`',
    replacement: 'forwardedFor',
    watchers: [seenBy(headers, 'on tutorial over http '), ...wider],
  },
  {
    ...inRewrites,
    id: 'origins-ignored',
    breaks: 'What stands for something else is dialled all the same.',
    text: 'if (to === undefined) return target',
    replacement: 'if (to !== null) return target',
    watchers: [plain, ...wider],
  },
  {
    ...inRewrites,
    id: 'origins-one-scheme',
    breaks: 'Origins hold for plain schemes alone.',
    text: 'scheme: tls ? schemes.tls : schemes.plain, host, port }',
    replacement: 'scheme: schemes.plain, host, port }',
    watchers: [plain, ...wider],
  },
  {
    ...inRewrites,
    id: 'origins-keep-port',
    breaks: 'The port stays the one of the service.',
    text: 'port: to.port, tls:',
    replacement: 'port, tls:',
    watchers: [plain, ...wider],
  },
  {
    ...inRewrites,
    id: 'origins-keep-scheme',
    breaks: 'TLS stays TLS, and plaintext plaintext, whatever the origin says.',
    text: 'tls: to.scheme === schemes.tls }',
    replacement: 'tls }',
    watchers: [plain, ...wider],
  },
  {
    ...inRewrites,
    id: 'origins-any-port',
    breaks: 'An origin holds for every port of its host.',
    text: '${isIPv6(host) ? new URL(`http://[${host}]`).hostname : host}:${port}`',
    replacement: '${isIPv6(host) ? new URL(`http://[${host}]`).hostname : host}`',
    watchers: [seenBy(origins, 'are compared with the service exactly'), ...wider],
  },
  {
    ...inRewrites,
    id: 'origins-of-another-kind',
    breaks: 'HTTP is dialled where a stream is expected.',
    text: 'if (to.scheme !== schemes.plain && to.scheme !== schemes.tls) {',
    replacement: 'if (to.scheme === undefined) {',
    watchers: [seenBy(origins, 'to a scheme of the other kind'), ...wider],
  },
  {
    file: 'core/dataplane/stream/dial-upstream.ts',
    id: 'origins-ignored-for-streams',
    breaks: 'Origins hold for HTTP alone.',
    text: 'rewrites?.apply(meant, streamSchemes) ?? meant',
    replacement: 'rewrites && streamSchemes ? meant : meant',
    watchers: [seenBy(origins, 'make tcp into tls'), ...wider],
  },
]
