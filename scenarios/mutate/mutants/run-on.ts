import { seenBy, type Mutant } from '#scenarios/mutate/mutant.ts'

const cases = 'kong-cases/run-on'
const selection = 'kong-cases/plugin-selection'
const plain = seenBy('kong/limitations/plain-services', 'a service of protocol http')
const wider = [seenBy(cases), seenBy(selection), seenBy('kong-cases/limits')]
const inFilters = { file: 'core/kong/plugins/compile-filters.ts' }

/** Which configurations of plugins run on which node. */
export const runOn: readonly Mutant[] = [
  {
    ...inFilters,
    id: 'run-on-ignored',
    breaks: 'Every configuration runs on every node.',
    text: "return run_on !== (arrival === 'client' ? 'second' : 'first')",
    replacement: 'return run_on !== undefined || arrival',
    watchers: [plain, ...wider],
  },
  {
    ...inFilters,
    id: 'run-on-swapped',
    breaks: 'What is for the first node runs on the second, and the other way round.',
    text: "(arrival === 'client' ? 'second' : 'first')",
    replacement: "(arrival === 'client' ? 'first' : 'second')",
    watchers: [plain, ...wider],
  },
  {
    ...inFilters,
    id: 'run-on-all-is-first',
    breaks: 'A configuration for all nodes runs on the first alone.',
    text: "return run_on !== (arrival === 'client' ? 'second' : 'first')",
    replacement: "return arrival === 'client' ? run_on !== 'second' : run_on === 'second'",
    watchers: [seenBy(cases, 'all-on-second'), ...wider],
  },
  {
    ...inFilters,
    id: 'no-fall-through',
    breaks: 'Where the closest configuration runs on another node, no other one takes its place.',
    text: 'const forAnybody = closest(running, { ...subject, consumerId: undefined })?.http',
    replacement:
      'const near = closest(instances, { ...subject, consumerId: undefined })\n  const forAnybody = near && runsFor(arrival, near.entity) ? near.http : undefined',
    watchers: [seenBy(cases, 'falls back'), ...wider],
  },
  {
    ...inFilters,
    id: 'run-on-ignored-for-streams',
    breaks: 'Every configuration for streams runs on every node.',
    text: 'stream !== undefined && runsFor(arrival, entity)),',
    replacement: 'stream !== undefined && (entity === undefined || arrival)),',
    watchers: [seenBy(cases, 'run_on over streams'), ...wider],
  },
  {
    ...inFilters,
    id: 'service-before-route',
    breaks: 'What is bound to a service counts more than what is bound to a route.',
    text: "  ['route'],\n  ['service'],\n",
    replacement: "  ['service'],\n  ['route'],\n",
    watchers: [seenBy(selection), ...wider],
  },
  {
    ...inFilters,
    id: 'consumers-configuration-ignored',
    breaks: 'A configuration for one consumer is for nobody.',
    text: 'forConsumer.has(consumerId) ? forConsumer.get(consumerId) : forAnybody',
    replacement: 'consumerId === null ? forConsumer.get(consumerId) : forAnybody',
    watchers: [seenBy('kong/limitations/consumer-information', 'does not choose'), ...wider],
  },
  {
    file: 'core/dataplane/listeners/serve-http-listener.ts',
    id: 'members-are-clients',
    breaks: 'Requests of members count as those of clients.',
    text: "arrival: member === undefined ? 'client' : 'mesh-peer',",
    replacement: "arrival: 'client',",
    watchers: [plain, ...wider],
  },
  {
    file: 'core/dataplane/stream/serve-stream.ts',
    id: 'streams-of-members-are-clients',
    breaks: 'Streams of members count as those of clients.',
    text: "this.#showToFilters(route, { encrypted: true, serverName, arrival: 'mesh-peer' })",
    replacement: "this.#showToFilters(route, { encrypted: true, serverName, arrival: 'client' })",
    watchers: [seenBy(cases, 'run_on over streams'), ...wider],
  },
  {
    file: 'core/kong/plugins/rate-limiting/rate-limiting.ts',
    id: 'rate-limiting-on-all',
    breaks: 'A rate limit may be set for all nodes, and counts several times.',
    text: "runOn: ['first', 'second'],",
    replacement: "runOn: ['first', 'second', 'all'],",
    watchers: [seenBy('kong-cases/allowed-run-on'), ...wider],
  },
]
