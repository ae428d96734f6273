import { randomUUID } from 'node:crypto'
import { makeCanary, type Canary } from '#lab/probes/canary.ts'
import type { Entry } from '#lab/probes/ledger/book.ts'
import { idOf, openAdmin, type Admin } from '#scenarios/support/admin.ts'
import { countedInLabRedis, countedInStore, type ReadCounted } from '#scenarios/support/counted.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { extendTopology, redisPort } from '#scenarios/support/extend-topology.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'

const ports = { https: 18443, http: 18000 } as const

type Protocol = keyof typeof ports
type Policy = 'local' | 'cluster' | 'redis'
type LimitBy = 'consumer' | 'credential' | 'ip'

const settings = (['cluster', 'redis'] as const).flatMap((policy) =>
  (['consumer', 'credential', 'ip'] as const).map((limitBy) => ({ policy, limitBy })),
)

onEveryTopology(
  (scenario, ground) => {
    const { serviceA, kongA, echo } = ground.addresses

    scenario.for(settings)(
      'each request counts once over mutual TLS, in the packets and in the counter: policy $policy, by $limitBy',
      async ({ policy, limitBy }, { yard }) => {
        const alpn = await meshProtocolOf(yard)
        await using admin = await openAdmin(yard)
        const limited = await limit(yard, admin, { protocol: 'https', policy, limitBy })
        const since = { sinceMs: Date.now() }
        const { left, counted } = await askThrice(yard, limited, 1)
        expect(left).toEqual([9, 8, 7])
        expect(await limited.read(limited.route)).toEqual({ [limited.who]: 3 })
        const { link } = await yard.wire(since)
        expect(link('kong-a', 'kong-b')).toCarryOnlyMutualTls({ alpn })
        await expect(yard).toBalance({ counted: [counted] })
      },
    )

    scenario.for(settings)(
      'each request counts twice over a plain hop, in the packets once and in the counters twice: policy $policy, by $limitBy',
      async ({ policy, limitBy }, { yard }) => {
        await using admin = await openAdmin(yard)
        const limited = await limit(yard, admin, { protocol: 'http', policy, limitBy })
        const { left, ids, counted } = await askThrice(yard, limited, 2)
        // By ip the second node counts for the first, whom it takes for the client.
        const isByIp = limitBy === 'ip'
        expect(left).toEqual(isByIp ? [9, 8, 7] : [9, 7, 5])
        expect(await limited.read(limited.route)).toEqual(
          isByIp ? { [serviceA]: 3, [kongA]: 3 } : { [limited.who]: 6 },
        )
        const { link } = await yard.wire()
        expect(link('kong-a', 'kong-b')).not.toShowNoPlaintext(ids[0] ?? '')
        await expect(yard).toBalance({ counted: [counted] })
        // What would be right over mutual TLS is not here, and the request is named.
        const once = { ...counted, times: 1 }
        await expect(expect(yard).toBalance({ counted: [once] })).rejects.toThrow(
          `${ids[0]}: the limiter has it 2 times`,
        )
      },
    )

    scenario.for(['consumer', 'credential', 'ip'] as const)(
      'with policy local each request is counted by kong-a alone over mutual TLS, and by each node for itself over a plain hop: by %s',
      async (limitBy, { yard }) => {
        await meshProtocolOf(yard)
        await using admin = await openAdmin(yard)
        const leftAtSecond: Record<string, number> = {}
        for (const protocol of ['https', 'http'] as const) {
          // oxlint-disable no-await-in-loop -- one way after the other
          const limited = await limit(yard, admin, { protocol, policy: 'local', limitBy })
          const left: number[] = []
          for (const _ of [1, 2, 3]) left.push(await ask(yard, limited, makeCanary()))
          expect(left).toEqual([9, 8, 7])
          // Asked by somebody who is no node the second one counts, too: after all that it has counted before.
          leftAtSecond[protocol] = await ask(yard, { ...limited, from: 'kong-a' }, makeCanary())
          // oxlint-enable no-await-in-loop
        }
        expect(leftAtSecond).toEqual({ https: 9, http: 6 })
        await expect(yard).toBalance()
      },
    )

    interface Limited {
      readonly protocol: Protocol
      readonly host: string
      readonly key: string
      readonly route: string
      /** Under which name the client is counted. */
      readonly who: string
      readonly read: ReadCounted
      /** Who asks; default Service A. */
      readonly from?: 'service-a' | 'kong-a'
    }

    /** A route with a limit for each year, which does not end while a scenario runs, and a client of it. */
    async function limit(
      yard: Yard,
      admin: Admin,
      {
        protocol,
        policy,
        limitBy,
      }: { readonly protocol: Protocol; readonly policy: Policy; readonly limitBy: LimitBy },
    ): Promise<Limited> {
      const host = `${randomUUID()}.test`
      const key = randomUUID()
      const route = await admin.add(`/services/echo-${protocol}/routes`, {
        hosts: [host],
        protocols: [protocol],
        // Over a plain hop nothing but Host tells the second node what was asked for.
        preserve_host: true,
      })
      const consumer = await admin.add('/consumers', { username: host })
      const credential = await admin.add(`${consumer}/key-auth`, { key })
      await admin.add(`${route}/plugins`, { name: 'key-auth' })
      const [redis] =
        yard.lab.topology.nodes.find(({ kind }) => kind === 'control-plane')?.addresses ?? []
      const server = policy === 'redis' ? { redis_host: redis, redis_port: redisPort } : {}
      await admin.add(`${route}/plugins`, {
        name: 'rate-limiting',
        config: { year: 10, policy, limit_by: limitBy, fault_tolerant: false, ...server },
      })
      await admin.applied()
      return {
        protocol,
        host,
        key,
        route: idOf(route),
        who: { consumer: idOf(consumer), credential: idOf(credential), ip: serviceA }[limitBy],
        read:
          policy === 'redis' ? countedInLabRedis(yard, redisPort) : countedInStore(yard.lab.folder),
      }
    }

    /** What remains of the limit after a request. */
    async function ask(yard: Yard, limited: Limited, id: Canary): Promise<number> {
      const { protocol, host, key, from = 'service-a' } = limited
      const address = from === 'kong-a' ? kongA : serviceA
      const url = `${protocol}://${echo}:${ports[protocol]}/`
      const { status, headers } = await yard.node(from).fetch(url, {
        headers: { host, apikey: key, 'x-canary': id, 'user-agent': id },
        source: address,
        tls: { insecure: true },
      })
      expect(status).toBe(200)
      return Number(headers.get('x-ratelimit-remaining-year') ?? Number.NaN)
    }

    /** Asks and looks what the counters say, three times. */
    async function askThrice(
      yard: Yard,
      limited: Limited,
      each: number,
    ): Promise<{
      readonly left: readonly number[]
      readonly ids: readonly Canary[]
      readonly counted: {
        readonly by: string
        readonly entries: readonly Entry[]
        readonly times: number
        readonly of: readonly Canary[]
      }
    }> {
      const left: number[] = []
      const ids: Canary[] = []
      const entries: Entry[] = []
      for (const time of [1, 2, 3]) {
        const id = makeCanary()
        ids.push(id)
        // oxlint-disable no-await-in-loop -- each counts on the one before
        left.push(await ask(yard, limited, id))
        let sum = 0
        // Nodes answer before policy `cluster` has stored what they counted.
        await eventually(`${each * time} uses are counted`, async () => {
          sum = Object.values(await limited.read(limited.route)).reduce((a, b) => a + b, 0)
          return sum >= each * time
        })
        // oxlint-enable no-await-in-loop
        const uses = Array.from({ length: sum - entries.length }, (_, use) => use)
        entries.push(...uses.map((use) => ({ id, where: `use ${entries.length + use + 1}` })))
      }
      return { left, ids, counted: { by: 'the limiter', entries, times: each, of: ids } }
    }
  },
  { adapt: extendTopology },
)
