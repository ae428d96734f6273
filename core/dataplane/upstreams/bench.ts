import { openAddressChooser } from './open-address-chooser.ts'
import { begin, testPool, type TestPool } from './pools/test-pool.ts'

/** Prints what choosing an address costs, in ns: `node core/dataplane/upstreams/bench.ts`. */

const targets = Array.from({ length: 50 }, (_, i) => `127.0.0.${i + 1}:80`)
const uneven = targets.map((at, i) => ({ at, weight: 400 - i }))
const requests = 1_000_000
const clients = Array.from({ length: 1000 }, (_, i) => ({ clientAddress: `10.0.${i >> 8}.${i}` }))

await measure('round-robin, 50 equal targets', { targets })
await measure('round-robin, 50 uneven targets over 10,000 slots', { targets: uneven })
await measure('by client address, 50 uneven targets over 10,000 slots', {
  targets: uneven,
  hashOn: { kind: 'client-address' },
})

async function measure(what: string, pool: TestPool): Promise<void> {
  await using chooser = openAddressChooser()
  chooser.apply({ pools: [testPool(pool)] })
  const rounds = Array.from({ length: 5 }, () => {
    const startedAt = performance.now()
    for (let i = 0; i < requests; i++) void begin(chooser, clients[i % clients.length]).next()
    return ((performance.now() - startedAt) * 1e6) / requests
  })
  console.log(`${what}: ${Math.min(...rounds).toFixed(0)} ns`)
}
