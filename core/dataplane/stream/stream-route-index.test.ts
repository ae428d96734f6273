import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressSet } from '#core/base/cidr.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { EndMatch, StreamMatch, StreamRoute } from '#core/model/stream-route.ts'
import { testStreamRoute } from './open-test-stream.ts'
import { candidatesOf } from './stream-route-index.ts'

describe(candidatesOf, () => {
  it('chooses what trying every route in order would choose', () => {
    const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.1.1', '127.0.0.1', '192.168.0.9')
    const block = fc.constantFrom(
      '10.0.0.0/8',
      '10.0.0.0/24',
      '0.0.0.0/0',
      '10.0.0.1/32',
      'fd00::/8',
    )
    const port = fc.constantFrom(1, 2, 65_535)
    const name = fc.constantFrom('a.test', 'b.test')
    const end = fc
      .tuple(
        fc.option(fc.oneof(address, block), { nil: undefined }),
        fc.option(port, { nil: undefined }),
      )
      .map(([where, which]): EndMatch => ({ block: where, port: which }))
    const ends = fc.option(fc.array(end, { maxLength: 3 }), { nil: undefined })
    const match = fc.record({
      sources: ends,
      destinations: ends,
      serverNames: fc.option(fc.array(name, { minLength: 1, maxLength: 2 }), { nil: undefined }),
      expects: fc.constantFrom('plain' as const, 'tls' as const, 'either' as const),
    })
    const side = fc.record({ address, port })
    let hits = 0
    fc.assert(
      fc.property(
        fc.array(match, { maxLength: 12 }),
        side,
        side,
        fc.option(fc.oneof(name, fc.constant('c.test')), { nil: undefined }),
        (matches, client, destination, serverName) => {
          const routes = matches.map((each) => testStreamRoute({ match: each }))
          const fitting = routes.filter(({ match: { sources, destinations } }) =>
            [fits(sources, client), fits(destinations, destination)].every(Boolean),
          )
          const chosen = fitting.find(({ match: { serverNames } }) =>
            serverNames === undefined
              ? true
              : serverName !== undefined && serverNames.includes(serverName),
          )
          const candidates = candidatesOf(routes, { client, destination })
          if (chosen !== undefined) hits += 1
          expect(candidates.choose(serverName)).toBe(chosen)
          expect(candidates.any).toBe(fitting.length > 0)
          expect(candidates.awaitsFirstBytes).toBe(
            fitting.some(
              (fit) => fit.match.expects !== 'plain' || fit.match.serverNames !== undefined,
            ),
          )
        },
      ),
      { numRuns: 2_000 },
    )
    expect(hits).toBeGreaterThan(200)
  })

  it('prefers the first of the routes that fit', () => {
    const routes = [
      route('other', { destinations: [{ block: '10.9.9.9', port: undefined }] }),
      route('first', { destinations: [{ block: undefined, port: 19_000 }] }),
      route('second', { sources: [{ block: '10.1.0.0/16', port: undefined }] }),
    ]
    expect(candidatesOf(routes, ends).preferred?.id).toBe('first')
    expect(candidatesOf(routes.slice(0, 1), ends)).toMatchObject({
      any: false,
      preferred: undefined,
    })
  })

  it('matches IPv6 ends', () => {
    const routes = [route('v6', { destinations: [{ block: 'fd00::/8', port: 443 }] })]
    const destination = { address: 'fd00::5', port: 443 }
    expect(candidatesOf(routes, { ...ends, destination }).preferred?.id).toBe('v6')
    expect(candidatesOf(routes, ends).any).toBe(false)
  })

  it('takes an address in its IPv6 disguise for what it is', () => {
    const routes = [route('v4', { sources: [{ block: '10.1.0.2', port: undefined }] })]
    const client = { address: '::ffff:10.1.0.2', port: 1 }
    expect(candidatesOf(routes, { ...ends, client }).preferred?.id).toBe('v4')
  })

  it('does not try 10,000 routes by other addresses, ports, blocks or names', () => {
    const number = 10_000
    const shapes: readonly ((index: number) => Partial<StreamMatch>)[] = [
      (index) => ({ destinations: [{ block: ip(index), port: 19_000 }] }),
      (index) => ({
        destinations: [{ block: '10.2.0.5', port: undefined }],
        sources: [{ block: ip(index), port: undefined }],
      }),
      (index) => ({ sources: [{ block: `${ip(index * 256)}/24`, port: undefined }] }),
      (index) => ({ serverNames: [`${index}.test`] }),
    ]
    for (const shape of shapes) {
      const routes = Array.from({ length: number }, (_, index) =>
        route(String(index), shape(index)),
      )
      // The first look makes the index.
      candidatesOf(routes, ends)
      const startMs = performance.now()
      for (let times = 0; times < 1_000; times++) candidatesOf(routes, ends).choose('none.test')
      // 10,000 tries a time would take seconds.
      expect(performance.now() - startMs).toBeLessThan(1000)
      const last = routes.at(-1)
      const reach = {
        client: { address: ip((number - 1) * (shape === shapes[2] ? 256 : 1)), port: 1 },
        destination: ends.destination,
      }
      if (shape === shapes[1] || shape === shapes[2])
        expect(candidatesOf(routes, reach).preferred).toBe(last)
      if (shape === shapes[3]) expect(candidatesOf(routes, ends).choose('9999.test')).toBe(last)
    }
  })
})

const ends = {
  client: { address: '10.1.0.2', port: 40_000 },
  destination: { address: '10.2.0.5', port: 19_000 },
}

function route(id: string, match: Partial<StreamMatch>): StreamRoute {
  return { ...testStreamRoute({ match }), id }
}

function ip(index: number): string {
  return [11, (index >> 16) & 255, (index >> 8) & 255, index & 255].join('.')
}

function fits(matches: readonly EndMatch[] | undefined, end: SocketAddress): boolean {
  if (matches === undefined) return true
  return matches.some(
    ({ block, port }) =>
      (port === undefined || port === end.port) &&
      (block === undefined || addressSet([block]).has(end.address)),
  )
}
