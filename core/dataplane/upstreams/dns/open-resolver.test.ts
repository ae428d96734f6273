import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DnsSettings } from '#core/model/snapshot.ts'
import { openResolver, type Resolver } from './open-resolver.ts'
import { openTestDnsServer, type TestAnswer, type TestDnsServer } from './test-dns-server.ts'

describe('openResolver', () => {
  it('asks for the types in order and stays with the one that was found', async () => {
    await using lab = await openLab({ 'A www.test': [{ a: '192.0.2.1', ttl: 10 }] })
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.1'])
    expect(lab.server.questions).toEqual(['udp SRV www.test', 'udp A www.test'])
    lab.clock.ms += 60_000
    await lab.addresses('WWW.test')
    expect(lab.server.questions.slice(2)).toEqual(['udp A www.test'])
  })

  it('asks all over again when the last type is found no more', async () => {
    await using lab = await openLab({ 'A www.test': [{ a: '192.0.2.1', ttl: 1 }] })
    await lab.addresses('www.test')
    lab.server.zone.set('A www.test', []).set('SRV www.test', [{ srv: [0, 1, 81, 'b.test'] }])
    lab.server.zone.set('A b.test', [{ a: '192.0.2.9' }])
    lab.clock.ms += 60_000
    expect(await lab.endpoints('www.test')).toEqual([['192.0.2.9', 81, 1]])
  })

  it('keeps an answer exactly as long as its shortest record allows', async () => {
    await using lab = await openLab(
      {
        'A www.test': [
          { a: '192.0.2.1', ttl: 30 },
          { a: '192.0.2.2', ttl: 20 },
        ],
      },
      { staleTtl: 0 },
    )
    await lab.addresses('www.test')
    const asked = lab.server.questions.length
    lab.clock.ms += 19_999
    expect(lab.resolver.resolve('www.test')).not.toBeInstanceOf(Promise)
    expect(lab.server.questions).toHaveLength(asked)
    lab.server.zone.set('A www.test', [{ a: '192.0.2.3', ttl: 5 }])
    lab.clock.ms += 1
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.3'])
    expect(lab.server.questions).toHaveLength(asked + 1)
  })

  it('answers with what it knew while it asks anew, and no longer than the stale time', async () => {
    await using lab = await openLab({ 'A www.test': [{ a: '192.0.2.1', ttl: 10 }] })
    await lab.addresses('www.test')
    lab.server.zone.set('A www.test', [{ a: '192.0.2.2', ttl: 10 }])
    lab.clock.ms += 13_999
    expect(lab.known('www.test')).toEqual(['192.0.2.1'])
    await expect.poll(() => lab.known('www.test')).toEqual(['192.0.2.2'])
    lab.server.zone.set('A www.test', [{ a: '192.0.2.3', ttl: 10 }])
    lab.clock.ms += 14_000
    expect(lab.resolver.resolve('www.test')).toBeInstanceOf(Promise)
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.3'])
  })

  it('prefers an old answer to a failure, but not to the news that the name is gone', async () => {
    await using lab = await openLab({ 'A www.test': [{ a: '192.0.2.1', ttl: 10 }] })
    await lab.addresses('www.test')
    lab.server.zone.set('A www.test', 'server-failure')
    lab.clock.ms += 11_000
    lab.known('www.test')
    await expect.poll(() => lab.server.questions.length).toBeGreaterThan(2)
    expect(lab.known('www.test')).toEqual(['192.0.2.1'])
    lab.server.zone.clear()
    lab.clock.ms += 2000
    expect(lab.known('www.test')).toEqual(['192.0.2.1'])
    await expect.poll(() => faultOf(() => lab.known('www.test'))).toBe('not-found')
  })

  it('remembers that a name does not exist, and asks only once for it', async () => {
    await using lab = await openLab({})
    await expect(lab.addresses('gone.test')).rejects.toMatchObject({ kind: 'not-found' })
    expect(lab.server.questions).toEqual(['udp SRV gone.test'])
    lab.server.zone.set('A gone.test', [{ a: '192.0.2.1' }])
    lab.clock.ms += 29_999
    await expect(lab.addresses('gone.test')).rejects.toMatchObject({ kind: 'not-found' })
    lab.clock.ms += 1
    expect(await lab.addresses('gone.test')).toEqual(['192.0.2.1'])
  })

  it('remembers a failure for its own time', async () => {
    await using lab = await openLab({ 'SRV bad.test': 'server-failure', 'A bad.test': 'garbage' })
    await expect(lab.addresses('bad.test')).rejects.toMatchObject({ kind: 'failed' })
    const asked = lab.server.questions.length
    lab.clock.ms += 999
    await expect(lab.addresses('bad.test')).rejects.toMatchObject({ kind: 'failed' })
    expect(lab.server.questions).toHaveLength(asked)
    lab.server.zone.set('A bad.test', [{ a: '192.0.2.1' }])
    lab.clock.ms += 1
    expect(await lab.addresses('bad.test')).toEqual(['192.0.2.1'])
  })

  it('finds addresses behind a server that fails on SRV', async () => {
    await using lab = await openLab({
      'SRV www.test': 'server-failure',
      'A www.test': [{ a: '192.0.2.1' }],
    })
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.1'])
  })

  it('asks once for what many want to know', async () => {
    await using lab = await openLab({ 'A www.test': [{ a: '192.0.2.1' }] })
    await Promise.all(Array.from({ length: 50 }, () => lab.addresses('www.test')))
    expect(lab.server.questions).toEqual(['udp SRV www.test', 'udp A www.test'])
  })

  it('takes port and weight from SRV records of the best priority', async () => {
    await using lab = await openLab({
      'SRV svc.test': [
        { srv: [10, 30, 8001, 'a.test'] },
        { srv: [10, 10, 0, 'b.test'] },
        { srv: [20, 99, 8003, 'c.test'] },
      ],
      'A a.test': [{ a: '192.0.2.1' }, { a: '192.0.2.2' }],
      'A b.test': [{ a: '192.0.2.3' }],
      'A c.test': [{ a: '192.0.2.4' }],
    })
    expect(await lab.endpoints('svc.test')).toEqual([
      ['192.0.2.1', 8001, 15],
      ['192.0.2.2', 8001, 15],
      ['192.0.2.3', undefined, 10],
    ])
  })

  it('does without the SRV targets that lead nowhere', async () => {
    await using lab = await openLab({
      'SRV svc.test': [{ srv: [1, 1, 81, 'gone.test'] }, { srv: [1, 1, 82, 'b.test'] }],
      'A b.test': [{ a: '192.0.2.3' }],
      'SRV none.test': [{ srv: [0, 0, 0, ''] }],
      'A none.test': [{ a: '192.0.2.5' }],
    })
    expect(await lab.endpoints('svc.test')).toEqual([['192.0.2.3', 82, 1]])
    expect(await lab.endpoints('none.test')).toEqual([['192.0.2.5', undefined, 1]])
  })

  it.for<[string, Record<string, TestAnswer>]>([
    [
      'within one answer',
      {
        'A www.test': [
          { cname: 'web.test', ttl: 7 },
          { name: 'web.test', a: '192.0.2.1' },
        ],
      },
    ],
    [
      'that come alone',
      { 'A www.test': [{ cname: 'web.test', ttl: 7 }], 'A web.test': [{ a: '192.0.2.1' }] },
    ],
    [
      'that come only to who asks for them',
      { 'CNAME www.test': [{ cname: 'web.test', ttl: 7 }], 'A web.test': [{ a: '192.0.2.1' }] },
    ],
  ])('follows aliases %s, for as long as they last', async ([_how, zone]) => {
    await using lab = await openLab(zone)
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.1'])
    expect(lab.resolver.freshUntil('www.test')).toBe(lab.clock.ms + 7000)
  })

  it('gives up on aliases that go round in circles', async () => {
    await using lab = await openLab({
      'A a.test': [{ cname: 'b.test' }],
      'A b.test': [{ cname: 'a.test' }],
    })
    await expect(lab.addresses('a.test')).rejects.toMatchObject({ kind: 'not-found' })
  })

  it('finds IPv6 addresses, and IPv4 ones in disguise', async () => {
    const order = ['AAAA', 'A'] as const
    await using lab = await openLab(
      {
        'AAAA six.test': [{ aaaa: '2001:db8::1' }],
        'AAAA four.test': [{ aaaa: '::ffff:c000:201' }],
      },
      { order },
    )
    expect(await lab.addresses('six.test')).toEqual(['2001:db8::1'])
    expect(await lab.addresses('four.test')).toEqual(['192.0.2.1'])
  })

  it('asks over TCP for an answer that does not fit', async () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ a: `192.0.2.${i}` }))
    await using lab = await openLab({ 'A many.test': { truncated: many } })
    expect(await lab.addresses('many.test')).toHaveLength(100)
    expect(lab.server.questions.at(-1)).toBe('tcp A many.test')
  })

  it('asks the next server when one does not answer', async () => {
    await using silent = await openTestDnsServer({ 'SRV www.test': 'silence' })
    await using lab = await openLab(
      { 'A www.test': [{ a: '192.0.2.1' }] },
      { before: [silent.address], system: 'options timeout:1 attempts:1' },
    )
    silent.zone.set('A www.test', 'silence')
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.1'])
    expect(silent.questions).toEqual(['udp SRV www.test', 'udp A www.test'])
  })

  it('asks a silent server no further types', async () => {
    await using lab = await openLab(
      { 'SRV www.test': 'silence', 'A www.test': 'silence' },
      { system: 'options timeout:1 attempts:1' },
    )
    await expect(lab.addresses('www.test')).rejects.toMatchObject({ kind: 'failed' })
    expect(lab.server.questions).toEqual(['udp SRV www.test'])
  })

  it('looks for short names in the domains of resolv.conf', async () => {
    await using lab = await openLab(
      { 'A web.ns.test': [{ a: '192.0.2.1' }], 'A a.b': [{ a: '192.0.2.2' }] },
      { system: 'search other.test ns.test' },
    )
    expect(await lab.addresses('web')).toEqual(['192.0.2.1'])
    lab.server.questions.length = 0
    expect(await lab.addresses('a.b')).toEqual(['192.0.2.2'])
    expect(lab.server.questions[0]).toBe('udp SRV a.b')
    await expect(lab.addresses('web.')).rejects.toMatchObject({ kind: 'not-found' })
  })

  it('believes the hosts file first, and notices when it changes', async () => {
    await using lab = await openLab({ 'A www.test': [{ a: '192.0.2.1' }] }, { staleTtl: 0 })
    await lab.writeHosts('192.0.2.7 www.test other\n::7 WWW.test # six\nnonsense www.test\n')
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.7'])
    expect(lab.server.questions).toEqual([])
    await lab.writeHosts('192.0.2.88 www.test\n')
    lab.clock.ms += 1000
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.88'])
    await lab.writeHosts('')
    lab.clock.ms += 1000
    expect(await lab.addresses('www.test')).toEqual(['192.0.2.1'])
  })

  it.each(['localhost', 'web.localhost', 'LOCALHOST.'])('knows %s by itself', async (name) => {
    await using lab = await openLab({ 'A localhost': [{ a: '192.0.2.1' }] })
    expect(await lab.addresses(name)).toEqual(['127.0.0.1'])
    expect(lab.server.questions).toEqual([])
  })

  it.each([
    '',
    '.',
    'a..test',
    `${'x'.repeat(64)}.test`,
    'a b',
    `${'x.'.repeat(140)}test`,
    '\u{1f4a9}\u0000',
  ])('asks nobody about %j, which is no name', async (name) => {
    await using lab = await openLab({})
    await expect(lab.addresses(name)).rejects.toMatchObject({ kind: 'not-found' })
    expect(lab.server.questions).toEqual([])
  })

  it('stops asking when it is told to', async () => {
    await using lab = await openLab({ 'SRV www.test': 'silence' })
    const asking = lab.addresses('www.test')
    await expect.poll(() => lab.server.questions.length).toBe(1)
    lab.stop.abort()
    await expect(asking).rejects.toMatchObject({ kind: 'failed' })
  })
})

interface Lab extends AsyncDisposable {
  readonly resolver: Resolver
  readonly server: TestDnsServer
  readonly clock: { ms: number }
  readonly stop: AbortController
  addresses(name: string): Promise<readonly string[]>
  endpoints(name: string): Promise<unknown>
  /** What is known without asking. */
  known(name: string): readonly string[]
  writeHosts(text: string): Promise<void>
}

async function openLab(
  zone: Record<string, TestAnswer>,
  options: Partial<DnsSettings> & {
    readonly before?: readonly string[]
    readonly system?: string
  } = {},
): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'resolver-'))
  const hostsFile = join(folder, 'hosts')
  const resolvConf = join(folder, 'resolv.conf')
  await writeFile(resolvConf, options.system ?? '')
  const server = await openTestDnsServer(zone)
  const clock = { ms: 1_000_000 }
  const stop = new AbortController()
  const { before = [], system: _system, ...changed } = options
  const resolver = openResolver({
    settings: {
      servers: [...before, server.address],
      hostsFile,
      order: ['LAST', 'SRV', 'A', 'CNAME'],
      staleTtl: 4,
      notFoundTtl: 30,
      errorTtl: 1,
      ...changed,
    },
    signal: stop.signal,
    now: () => clock.ms,
    resolvConf,
  })
  return {
    resolver,
    server,
    clock,
    stop,
    addresses: async (name) => {
      const { endpoints } = await resolver.resolve(name)
      return endpoints.map(({ address }) => address)
    },
    endpoints: async (name) => {
      const { endpoints } = await resolver.resolve(name)
      return endpoints.map(({ address, port, weight }) => [address, port, weight])
    },
    known: (name) => {
      const found = resolver.resolve(name)
      if (found instanceof Promise) throw new Error(`${name} is not known`)
      return found.endpoints.map(({ address }) => address)
    },
    writeHosts: async (text) => {
      await writeFile(`${hostsFile}.new`, text)
      await rename(`${hostsFile}.new`, hostsFile)
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

function faultOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error instanceof Error && 'kind' in error ? error.kind : error
  }
}
