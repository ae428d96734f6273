import type { AddressChooser, HashFacts } from '#core/dataplane/upstreams/address-chooser.ts'
import type {
  ActiveHealthChecks,
  HealthThresholds,
  PoolTarget,
  TargetPool,
} from '#core/model/target-pool.ts'

export interface TestPool extends Partial<Omit<TargetPool, 'targets' | 'healthChecks'>> {
  /** `host:port`, or more. */
  readonly targets?: readonly (string | (Partial<PoolTarget> & { readonly at: string }))[]
  readonly active?: Partial<Omit<ActiveHealthChecks, 'thresholds'>> & {
    readonly thresholds?: Partial<HealthThresholds>
  }
  readonly passive?: Partial<HealthThresholds> & { readonly kind?: 'http' | 'tcp' }
}

/** A pool named `pool`; what is not said is off. */
export function testPool(wish: TestPool): TargetPool {
  const { targets = [], active = {}, passive = {}, ...changed } = wish
  const { kind = 'http', ...passiveThresholds } = passive
  return {
    id: 'pool-id',
    name: 'pool',
    slots: 10_000,
    hashOn: { kind: 'none' },
    hashFallback: { kind: 'none' },
    ...changed,
    targets: targets.map((target) => {
      const { at, ...rest } = typeof target === 'string' ? { at: target } : target
      const colon = at.lastIndexOf(':')
      const [host, port] = [at.slice(0, colon), Number(at.slice(colon + 1))]
      return { id: `id of ${at}`, host, port, weight: 100, ...rest }
    }),
    healthChecks: {
      passive: { kind, thresholds: { ...allOff, ...passiveThresholds } },
      active: {
        kind: 'http',
        path: '/',
        timeoutMs: 1000,
        concurrency: 10,
        verifyCertificate: true,
        serverName: undefined,
        healthyIntervalMs: 0,
        unhealthyIntervalMs: 0,
        ...active,
        thresholds: { ...allOff, ...active.thresholds },
      },
    },
  }
}

const allOff: HealthThresholds = {
  healthyStatuses: new Set([200, 302]),
  unhealthyStatuses: new Set([429, 500, 503]),
  successes: 0,
  httpFailures: 0,
  tcpFailures: 0,
  timeouts: 0,
}

/** Facts of a request that has nothing special. */
export function testFacts(facts: Partial<HashFacts> = {}): HashFacts {
  return {
    principalId: undefined,
    credentialId: undefined,
    clientAddress: '192.0.2.1',
    header: () => undefined,
    cookie: () => undefined,
    ...facts,
  }
}

/** Where so many requests to the pool go first, and how often. */
export async function spread(
  chooser: AddressChooser,
  requests: number,
  facts: Partial<HashFacts> = {},
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let i = 0; i < requests; i++) {
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    const { address, port } = await begin(chooser, facts).next()
    const key = `${address}:${port}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

export function begin(
  chooser: AddressChooser,
  facts: Partial<HashFacts> = {},
): ReturnType<AddressChooser['begin']> {
  return chooser.begin({ host: 'pool', port: 80, facts: testFacts(facts) })
}
