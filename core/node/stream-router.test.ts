import { describe, expect, it } from 'vitest'
import { candidatesOf } from '#core/dataplane/stream/stream-route-index.ts'
import { compile } from '#core/kong/compile.ts'
import { parseConfig } from '#core/kong/config/parse-config.ts'
import { directoryOf } from '#core/kong/entities/collected-entities.ts'
import { routes, type Route } from '#core/kong/entities/route.ts'
import { compileFilters } from '#core/kong/plugins/compile-filters.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { StreamRoute } from '#core/model/stream-route.ts'

describe('the router of streams', () => {
  const sources: readonly Partial<Route>[] = [
    { sources: [end('127.0.0.1'), end('127.0.0.2')] },
    { sources: [end(null, 65_001), end(null, 65_002)] },
    { sources: [end('127.168.0.0/16')] },
    { sources: [end('127.0.0.1', 65_001)] },
    { sources: [end('127.168.0.0/16', 65_301)] },
  ]

  it.for([
    ['case 180: an address', '127.0.0.1:5000', 'r1'],
    ['case 180: the other address', '127.0.0.2:5000', 'r1'],
    ['case 181: a port', '127.0.0.3:65001', 'r2'],
    ['case 182: a block', '127.168.0.1:5000', 'r3'],
    ['case 183: address and port before one of them', '127.0.0.1:65001', 'r4'],
    ['case 184: block and port before the block', '127.168.10.1:65301', 'r5'],
    ['case 185: neither', '10.0.0.1:5000', undefined],
    ['case 185: the port of a block from elsewhere', '10.0.0.2:65301', undefined],
  ] as const)('%s: from %s', ([, from, expected]) => {
    expect(choose(sources, { client: parse(from), destination: parse('10.9.9.9:1') })).toBe(
      expected,
    )
  })

  it.for([
    ['case 186: an address', '127.0.0.1:5000', 'r1'],
    ['case 186: a port', '127.0.0.3:65001', 'r2'],
    ['case 186: address and port', '127.0.0.1:65001', 'r4'],
    ['case 186: block and port', '127.168.10.1:65301', 'r5'],
    ['case 186: neither', '10.0.0.1:5000', undefined],
  ] as const)('%s: to %s', ([, to, expected]) => {
    const destinations = sources.map((match) => ({ destinations: match.sources ?? null }))
    const ends = { client: parse('10.9.9.9:1'), destination: parse(to) }
    expect(choose(destinations, ends)).toBe(expected)
  })

  it('case 187: a server name takes its route, and no other name does', () => {
    const table = [{ snis: ['www.example.org'] }]
    const ends = { client: parse('10.0.0.1:1'), destination: parse('10.0.0.2:2') }
    expect(choose(table, ends, 'www.example.org')).toBe('r1')
    expect(choose(table, ends, 'other.example.org')).toBeUndefined()
    expect(choose(table, ends)).toBeUndefined()
  })

  it('case 188: a server name goes before a source, a source before a destination, two before one', () => {
    const ends = { client: parse('127.0.0.1:9'), destination: parse('127.0.0.9:9') }
    const destination = { destinations: [end('127.0.0.9')] }
    const source = { sources: [end('127.0.0.1')] }
    const name = { snis: ['a.test'] }
    expect(choose([destination, source], ends, 'a.test')).toBe('r2')
    expect(choose([destination, source, name], ends, 'a.test')).toBe('r3')
    expect(choose([name, { ...source, ...destination }], ends, 'a.test')).toBe('r2')
    expect(
      choose(
        [
          { ...source, ...destination },
          { ...name, ...destination },
        ],
        ends,
        'a.test',
      ),
    ).toBe('r2')
  })
})

function choose(
  matches: readonly Partial<Route>[],
  ends: { readonly client: SocketAddress; readonly destination: SocketAddress },
  serverName?: string,
): string | undefined {
  return candidatesOf(compiled(matches), ends).choose(serverName)?.id
}

function compiled(matches: readonly Partial<Route>[]): readonly StreamRoute[] {
  const entities = matches.map((match, index) =>
    routes.collection.revive({
      id: `r${index + 1}`,
      created_at: index,
      protocols: ['tcp', 'tls'],
      ...match,
    }),
  )
  const config = parseConfig({
    env: { KONG_STREAM_LISTEN: '127.0.0.1:9000' },
    flags: {},
    cwd: '/',
    fileExists: () => false,
  })
  const { snapshot } = compile(
    {
      config,
      entities: directoryOf(new Map([['routes', entities]])),
      filters: compileFilters([]),
      fallback: { certificate: '', privateKey: '' },
      clientIdentity: undefined,
    },
    { mesh: undefined, version: '1' },
  )
  return snapshot.listeners.flatMap((listener) =>
    listener.kind === 'stream' ? listener.routes : [],
  )
}

function end(
  ip: string | null,
  port: number | null = null,
): { ip: string | null; port: number | null } {
  return { ip, port }
}

function parse(text: string): SocketAddress {
  const [address = '', port = ''] = text.split(':')
  return { address, port: Number(port) }
}
