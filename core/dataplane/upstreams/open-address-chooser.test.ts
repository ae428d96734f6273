import { describe, expect, it } from 'vitest'
import { openTestDnsServer, type TestAnswer } from './dns/test-dns-server.ts'
import { openAddressChooser, type RunningAddressChooser } from './open-address-chooser.ts'
import { begin, spread, testFacts, testPool, type TestPool } from './pools/test-pool.ts'

describe('openAddressChooser', () => {
  it.each([
    ['127.0.0.9', '127.0.0.9'],
    ['::1', '::1'],
    ['[::1]', '::1'],
  ])('takes %s literally, attempt after attempt', async (host, address) => {
    await using chooser = openAddressChooser()
    const choice = chooser.begin({ host, port: 81, facts: testFacts() })
    const expected = { address, port: 81, targetHost: undefined }
    expect(choice.next()).toMatchObject(expected)
    expect(choice.next()).toMatchObject(expected)
  })

  it('case 202: a host that cannot be resolved is a failed name resolution', async () => {
    await using chooser = openAddressChooser()
    const choice = chooser.begin({ host: 'unknown.invalid', port: 80, facts: testFacts() })
    await expect(choice.next()).rejects.toMatchObject({
      name: 'ChooseError',
      kind: 'name-resolution',
      message: 'unknown.invalid could not be resolved (no such name)',
    })
    // The second time it is known at once.
    expect(() => choice.next()).toThrow('unknown.invalid could not be resolved')
    const good = chooser.begin({ host: 'localhost', port: 80, facts: testFacts() })
    expect(await good.next()).toMatchObject({ address: '127.0.0.1', port: 80 })
  })

  it('lets the addresses of a name take turns, over requests and attempts', async () => {
    await using lab = await openLab({ 'A www.test': [{ a: '192.0.2.1' }, { a: '192.0.2.2' }] })
    const wish = { host: 'www.test', port: 80, facts: testFacts() }
    const first = lab.chooser.begin(wish)
    const seen = [await first.next(), await first.next(), await lab.chooser.begin(wish).next()]
    expect(seen.map(({ address }) => address)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.1'])
  })

  it('lets an SRV record name the port, and its weights the turns', async () => {
    await using lab = await openLab({
      'SRV svc.test': [{ srv: [0, 3, 8001, 'a.test'] }, { srv: [0, 1, 8002, 'b.test'] }],
      'A a.test': [{ a: '192.0.2.1' }],
      'A b.test': [{ a: '192.0.2.2' }],
    })
    const wish = { host: 'svc.test', port: 80, facts: testFacts() }
    const ports: number[] = []
    for (let i = 0; i < 8; i++) ports.push((await lab.chooser.begin(wish).next()).port)
    expect(ports.filter((port) => port === 8001)).toHaveLength(6)
    expect(ports.filter((port) => port === 8002)).toHaveLength(2)
  })
})

describe('pools', () => {
  it('case 232: equal targets take turns exactly', async () => {
    await using chooser = open({ slots: 10, targets: ['127.0.0.1:1', '127.0.0.2:2'] })
    for (const n of [1, 3, 10]) {
      expect(await spread(chooser, 2 * n)).toEqual({ '127.0.0.1:1': n, '127.0.0.2:2': n })
    }
  })

  it('case 233: targets get their share by weight, and nothing with weight 0', async () => {
    const targets = [
      { at: '127.0.0.1:1', weight: 50 },
      { at: '127.0.0.1:2', weight: 25 },
      { at: '127.0.0.1:3', weight: 0 },
    ]
    await using chooser = open({ targets })
    expect(await spread(chooser, 300)).toEqual({ '127.0.0.1:1': 200, '127.0.0.1:2': 100 })
  })

  it('case 233: a target that is added or removed counts from the next request', async () => {
    await using chooser = open({ targets: ['127.0.0.1:1'] })
    expect(await spread(chooser, 4)).toEqual({ '127.0.0.1:1': 4 })
    chooser.apply({ pools: [testPool({ targets: ['127.0.0.1:1', '127.0.0.1:2'] })] })
    expect(await spread(chooser, 4)).toEqual({ '127.0.0.1:1': 2, '127.0.0.1:2': 2 })
    chooser.apply({ pools: [testPool({ targets: ['127.0.0.1:2'] })] })
    expect(await spread(chooser, 4)).toEqual({ '127.0.0.1:2': 4 })
  })

  it.each<[string, TestPool]>([
    ['no targets', {}],
    ['weights of 0', { targets: [{ at: '127.0.0.1:1', weight: 0 }] }],
    ['unhealthy targets', { targets: [{ at: '127.0.0.1:1', said: { healthy: false, at: 1 } }] }],
    ['names that lead nowhere', { targets: ['unknown.invalid:80'] }],
  ])('case 233: a pool with nothing but %s has no healthy target', async (_what, pool) => {
    await using chooser = open(pool)
    for (const facts of [{}, { clientAddress: '192.0.2.7' }]) {
      await expect(nextOf(chooser, facts)).rejects.toMatchObject({
        name: 'ChooseError',
        kind: 'no-healthy-target',
      })
    }
    chooser.apply({ pools: [testPool({ targets: ['127.0.0.1:2'] })] })
    expect(await nextOf(chooser, {})).toMatchObject({ port: 2 })
  })

  it('tells the name of the target and takes its port', async () => {
    await using chooser = open({ targets: ['localhost:8080'] })
    expect(await begin(chooser).next()).toMatchObject({
      address: '127.0.0.1',
      port: 8080,
      targetHost: 'localhost',
    })
  })

  it('goes on where it was when the same pool is applied anew', async () => {
    const pool = { targets: ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'] }
    await using chooser = open(pool)
    const ports: number[] = []
    for (let i = 0; i < 6; i++) {
      chooser.apply({ pools: [testPool(pool)] })
      ports.push((await begin(chooser).next()).port)
    }
    expect(ports).toEqual([1, 2, 3, 1, 2, 3])
  })

  it('finds a pool under both names while it is renamed, as one', async () => {
    await using chooser = open({ targets: ['127.0.0.1:1', '127.0.0.1:2'] })
    const [old, renamed] = ['pool', 'other'].map((name) =>
      testPool({ name, targets: ['127.0.0.1:1', '127.0.0.1:2'] }),
    )
    chooser.apply({ pools: [renamed!, old!] })
    const ports: number[] = []
    for (const host of ['pool', 'other', 'other', 'pool']) {
      ports.push((await chooser.begin({ host, port: 80, facts: testFacts() }).next()).port)
    }
    expect(ports).toEqual([1, 2, 1, 2])
  })

  it('tries each healthy target once before it tries one again', async () => {
    await using chooser = open({
      targets: [
        { at: '127.0.0.1:1', weight: 1000 },
        { at: '127.0.0.1:2', weight: 1 },
        { at: '127.0.0.1:3', weight: 1, said: { healthy: false, at: 1 } },
      ],
    })
    const choice = begin(chooser)
    const ports: number[] = []
    for (let i = 0; i < 3; i++) ports.push((await choice.next()).port)
    expect(new Set(ports.slice(0, 2))).toEqual(new Set([1, 2]))
    expect(ports[2]).not.toBe(3)
  })

  it.each([
    ['principal', { principalId: 'p-1', credentialId: 'c' }, { principalId: 'p-2' }],
    ['principal', { credentialId: 'c-1' }, { credentialId: 'c-3' }],
    ['client-address', { clientAddress: '192.0.2.10' }, { clientAddress: '192.0.2.13' }],
  ] as const)('case 234: hashes by %s', async (kind, one, other) => {
    await using chooser = open({ hashOn: { kind }, targets: four })
    const [all] = Object.entries(await spread(chooser, 50, one))
    expect(all?.[1]).toBe(50)
    const others = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        spread(chooser, 1, Object.fromEntries(Object.entries(other).map(([k, v]) => [k, v + i]))),
      ),
    )
    expect(new Set(others.flatMap((each) => Object.keys(each))).size).toBe(4)
  })

  it('case 234: all requests with one header value go to one target, others elsewhere', async () => {
    await using chooser = open({ hashOn: { kind: 'header', name: 'X-User' }, targets: four })
    const user = (name: string) => ({
      header: (wanted: string) => (wanted === 'X-User' ? name : undefined),
    })
    expect(Object.values(await spread(chooser, 40, user('ann')))).toEqual([40])
    const found = new Set<string>()
    for (let i = 0; i < 40; i++) {
      for (const key of Object.keys(await spread(chooser, 1, user(`u${i}`)))) found.add(key)
    }
    expect(found.size).toBe(4)
  })

  it('case 234: a value that is missing leads to the fallback, and without one to turns', async () => {
    const hashOn = { kind: 'header', name: 'x-user' } as const
    const hashFallback = { kind: 'client-address' } as const
    await using chooser = open({ hashOn, hashFallback, targets: four })
    expect(Object.values(await spread(chooser, 40))).toEqual([40])
    chooser.apply({ pools: [testPool({ hashOn, targets: four })] })
    expect(Object.values(await spread(chooser, 40))).toEqual([10, 10, 10, 10])
  })

  it('case 234: a client without the cookie is given one, and stays where it leads', async () => {
    const hashOn = { kind: 'cookie', name: 'sticky', path: '/shop' } as const
    await using chooser = open({ hashOn, targets: four })
    const fresh = begin(chooser)
    const { port } = await fresh.next()
    const given = /^sticky=([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}); Path=\/shop$/
    const [, value = ''] = given.exec(fresh.setCookie ?? '') ?? []
    expect(value).not.toBe('')
    const kept = fresh.setCookie
    await fresh.next()
    expect(fresh.setCookie).toBe(kept)
    const known = begin(chooser, { cookie: () => value })
    expect((await known.next()).port).toBe(port)
    expect(known.setCookie).toBeUndefined()
    const [another] = [begin(chooser)]
    await another.next()
    expect(another.setCookie).not.toBe(kept)
  })

  it('moves only few clients when a target is added, and a retry to the same stand-in', async () => {
    const hashOn = { kind: 'client-address' } as const
    await using chooser = open({ hashOn, targets: four })
    const placesOf = async (): Promise<number[][]> => {
      const places: number[][] = []
      for (let i = 0; i < 400; i++) {
        const choice = begin(chooser, { clientAddress: `10.0.${i % 7}.${i}` })
        places.push([(await choice.next()).port, (await choice.next()).port])
      }
      return places
    }
    const before = await placesOf()
    expect(before.every(([first, second]) => first !== second)).toBe(true)
    expect(await placesOf()).toEqual(before)
    chooser.apply({ pools: [testPool({ hashOn, targets: [...four, '127.0.0.1:5'] })] })
    const after = await placesOf()
    const moved = before.filter(([port], i) => port !== after[i]![0]).length
    expect(moved).toBeGreaterThan(400 * 0.12)
    expect(moved).toBeLessThan(400 * 0.28)
  })

  it('shares the weight of a name among its addresses and follows them', async () => {
    await using lab = await openLab({
      'A web.test': [
        { a: '192.0.2.1', ttl: 1 },
        { a: '192.0.2.2', ttl: 1 },
      ],
    })
    const pool = testPool({ targets: ['web.test:80', '127.0.0.1:81'] })
    lab.apply(pool)
    await expect
      .poll(() => spread(lab.chooser, 40))
      .toEqual({
        '192.0.2.1:80': 10,
        '192.0.2.2:80': 10,
        '127.0.0.1:81': 20,
      })
    lab.server.zone.set('A web.test', [{ a: '192.0.2.3', ttl: 60 }])
    await expect
      .poll(() => spread(lab.chooser, 4))
      .toEqual({ '192.0.2.3:80': 2, '127.0.0.1:81': 2 })
  })

  it('takes ports and weights of a target from SRV records', async () => {
    await using lab = await openLab({
      'SRV svc.test': [{ srv: [0, 3, 8001, 'a.test'] }, { srv: [0, 1, 8002, 'a.test'] }],
      'A a.test': [{ a: '192.0.2.1' }],
    })
    lab.apply(testPool({ targets: [{ at: 'svc.test:80', weight: 10 }, '127.0.0.1:81'] }))
    await expect
      .poll(() => spread(lab.chooser, 44))
      .toEqual({
        '192.0.2.1:8001': 3,
        '192.0.2.1:8002': 1,
        '127.0.0.1:81': 40,
      })
  })

  it('does not wait for one name while another target is known', async () => {
    await using lab = await openLab({ 'SRV slow.test': 'silence' })
    lab.apply(testPool({ targets: ['slow.test:80', '127.0.0.1:81'] }))
    expect(await spread(lab.chooser, 4)).toEqual({ '127.0.0.1:81': 4 })
  })

  it('reports a name that leads nowhere, and comes back when it does', async () => {
    await using lab = await openLab({})
    const pool = testPool({ targets: ['web.test:80'] })
    lab.apply(pool)
    await expect(nextOf(lab.chooser, {})).rejects.toMatchObject({ kind: 'no-healthy-target' })
    expect(lab.chooser.health('pool-id')).toMatchObject([{ health: 'unresolved' }])
    lab.server.zone.set('A web.test', [{ a: '192.0.2.1' }])
    await expect.poll(() => lab.chooser.health('pool-id')).toMatchObject([{ health: 'unchecked' }])
    expect(lab.lines).toEqual([
      'error web.test of the pool pool could not be resolved (no such name, or it has no address)',
    ])
  })

  it('asks other servers at once when the settings change', async () => {
    await using lab = await openLab({ 'A web.test': [{ a: '192.0.2.1', ttl: 3600 }] })
    await using other = await openTestDnsServer({ 'A web.test': [{ a: '192.0.2.2', ttl: 3600 }] })
    const pool = testPool({ targets: ['web.test:80'] })
    lab.apply(pool)
    expect(await spread(lab.chooser, 2)).toEqual({ '192.0.2.1:80': 2 })
    lab.chooser.apply({ pools: [pool], dns: { ...lab.dns, servers: [other.address] } })
    await expect.poll(() => spread(lab.chooser, 2)).toEqual({ '192.0.2.2:80': 2 })
  })
})

const four = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3', '127.0.0.1:4']

function open(pool: TestPool): RunningAddressChooser {
  const chooser = openAddressChooser()
  chooser.apply({ pools: [testPool(pool)] })
  return chooser
}

async function nextOf(
  chooser: RunningAddressChooser,
  facts: Parameters<typeof testFacts>[0],
): Promise<unknown> {
  return begin(chooser, facts).next()
}

async function openLab(zone: Record<string, TestAnswer>) {
  const server = await openTestDnsServer(zone)
  const lines: string[] = []
  const chooser = openAddressChooser({ report: (level, line) => lines.push(`${level} ${line}`) })
  const dns = {
    servers: [server.address],
    hostsFile: '/nowhere',
    order: ['LAST', 'SRV', 'A', 'CNAME'],
    staleTtl: 4,
    notFoundTtl: 1,
    errorTtl: 1,
  } as const
  chooser.apply({ dns })
  return {
    server,
    chooser,
    lines,
    dns,
    apply: (pool: ReturnType<typeof testPool>) => chooser.apply({ pools: [pool], dns }),
    [Symbol.asyncDispose]: async () => {
      await chooser[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
