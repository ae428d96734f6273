import { seenBy, type Mutant } from '#scenarios/mutate/mutant.ts'

const once = 'kong/rate-limits/counted-once'
const many = 'kong/rate-limits/many-clients'
const wider = [seenBy('kong-cases/limits'), seenBy(once), seenBy(many)]
const byIp = seenBy(once, 'counts once over mutual TLS: policy cluster, by ip')
const byConsumer = seenBy(once, 'counts once over mutual TLS: policy cluster, by consumer')
const byCredential = seenBy(once, 'counts once over mutual TLS: policy cluster, by credential')
const atOnce = seenBy('kong-cases/many-clients-postgres', 'where the limit is two')
const beside = seenBy('kong-cases/many-clients-postgres', 'nobody is let in beside it')
const inCluster = { file: 'core/kong/plugins/limits/cluster-counters.ts' }

/** What is counted, how often, and under which name. */
export const counters: readonly Mutant[] = [
  {
    ...inCluster,
    id: 'cluster-counts-double',
    breaks: 'Each use counts twice in the cluster.',
    text: '({ ...counter, by: 1 })',
    replacement: '({ ...counter, by: 2 })',
    watchers: [byIp, ...wider],
  },
  {
    ...inCluster,
    id: 'cluster-counts-nothing',
    breaks: 'Uses are not stored for the cluster.',
    text: 'for (const addition of additions) count(addition)\n        this.#additions.push(...additions)',
    replacement: 'for (const addition of additions) count(addition)',
    watchers: [byIp, ...wider],
  },
  {
    ...inCluster,
    id: 'cluster-forgets-its-batch',
    breaks: 'Questions that are answered together do not know of each other.',
    text: 'for (const addition of additions) count(addition)\n        this',
    replacement: 'this',
    watchers: [atOnce, ...wider],
  },
  {
    ...inCluster,
    id: 'cluster-overtaken',
    breaks: 'A question overtakes uses that are on their way to the store.',
    text: '      await this.#store()\n',
    replacement: '      void this.#store()\n',
    watchers: [beside, ...wider],
  },
  {
    file: 'core/store/sqlite-counters.ts',
    id: 'store-overwrites',
    breaks: 'The store keeps the last addition in place of the sum.',
    text: 'SET value = value + excluded.value,',
    replacement: 'SET value = excluded.value,',
    watchers: [byIp, ...wider],
  },
  {
    file: 'core/store/postgres-counters.ts',
    id: 'postgres-overwrites',
    breaks: 'PostgreSQL keeps the last addition in place of the sum.',
    text: 'value = excluded.value + CASE WHEN counter.expires_at > $4 THEN counter.value ELSE 0 END,',
    replacement: 'value = excluded.value + CASE WHEN counter.expires_at > $4 THEN 0 ELSE 0 END,',
    watchers: [seenBy('kong-cases/many-clients-postgres'), ...wider],
  },
  {
    file: 'core/kong/plugins/limits/local-counters.ts',
    id: 'local-counts-double',
    breaks: 'Each use counts twice on its node.',
    text: '({ ...counter, by: 1 })',
    replacement: '({ ...counter, by: 2 })',
    watchers: [seenBy(once, 'with policy local'), ...wider],
  },
  {
    file: 'core/kong/plugins/limits/redis-counters.ts',
    id: 'redis-counts-double',
    breaks: 'Each use counts twice in Redis.',
    text: '({ ...counter, by: 1 })',
    replacement: '({ ...counter, by: 2 })',
    watchers: [seenBy(once, 'counts once over mutual TLS: policy redis, by ip'), ...wider],
  },
  {
    file: 'core/kong/plugins/limits/redis-counters.ts',
    id: 'redis-counts-beyond-the-limit',
    breaks: 'What is refused counts too.',
    text: 'then free = false end',
    replacement: 'then free = true end',
    watchers: [seenBy(many, 'through one node: policy redis'), ...wider],
  },
  {
    file: 'core/kong/plugins/limits/counter-key.ts',
    id: 'routes-share-counters',
    breaks: 'All routes have one counter.',
    text: 'routeId ?? nobody,',
    replacement: 'routeId && nobody,',
    watchers: [byIp, ...wider],
  },
  {
    file: 'core/kong/plugins/limits/limit-by.ts',
    id: 'addresses-share-counters',
    breaks: 'All clients are counted as one address.',
    text: "    case 'ip':\n      return client.address",
    replacement: "    case 'ip':\n      return 'anybody'",
    watchers: [byIp, ...wider],
  },
  {
    file: 'core/kong/plugins/limits/limit-by.ts',
    id: 'credential-is-consumer',
    breaks: 'Credentials of one consumer are counted together.',
    text: 'principal?.credentialId ?? client.address',
    replacement: 'principal?.id ?? client.address',
    watchers: [byCredential, ...wider],
  },
  {
    file: 'core/kong/plugins/limits/limit-by.ts',
    id: 'consumer-is-address',
    breaks: 'Consumers are counted by their address.',
    text: 'principal?.id ?? client.address',
    replacement: 'client.address',
    watchers: [byConsumer, ...wider],
  },
  {
    file: 'core/kong/plugins/limits/usage-counters.ts',
    id: 'one-too-many',
    breaks: 'One use more than the limit is counted.',
    text: '(used[index] ?? 0) > 0)',
    replacement: '(used[index] ?? 0) >= 0)',
    watchers: [seenBy(many, 'through one node: policy cluster'), ...wider],
  },
  {
    file: 'core/kong/plugins/rate-limiting/choose-outcome.ts',
    id: 'one-passes-too-many',
    breaks: 'One request more than the limit passes.',
    text: 'return limit - used <= 0',
    replacement: 'return limit - used < 0',
    watchers: [seenBy('kong-cases/limits', 'case 212'), ...wider],
  },
]
