import { describe, expect, it } from 'vitest'
import { candidateRoutes, chooseStreamRoute, decideFirstBytes } from './choose-stream-route.ts'
import { testStreamRoute } from './open-test-stream.ts'
import type { StreamMatch } from '#core/model/stream-route.ts'

const ends = {
  client: { address: '10.1.0.2', port: 40_000 },
  destination: { address: '10.2.0.5', port: 19_000 },
}

describe('candidateRoutes', () => {
  it.each<[claim: string, taken: boolean, match: Partial<StreamMatch>]>([
    ['without attributes', true, {}],
    [
      'with the destination address',
      true,
      { destinations: [{ block: '10.2.0.5', port: undefined }] },
    ],
    [
      'with the destination block',
      true,
      { destinations: [{ block: '10.2.0.0/16', port: 19_000 }] },
    ],
    ['with the destination port', true, { destinations: [{ block: undefined, port: 19_000 }] }],
    ['with another port', false, { destinations: [{ block: '10.2.0.5', port: 19_001 }] }],
    ['with another block', false, { destinations: [{ block: '10.3.0.0/16', port: 19_000 }] }],
    [
      'with one fitting alternative',
      true,
      {
        sources: [
          { block: 'fd00::/8', port: undefined },
          { block: '10.1.0.0/24', port: undefined },
        ],
      },
    ],
    [
      'with address and port from two alternatives',
      false,
      {
        sources: [
          { block: '10.1.0.2', port: 1 },
          { block: '10.9.9.9', port: 40_000 },
        ],
      },
    ],
    [
      'with a fitting source but another destination',
      false,
      {
        sources: [{ block: '10.1.0.2', port: undefined }],
        destinations: [{ block: '10.1.0.2', port: undefined }],
      },
    ],
    ['with an empty list of sources', false, { sources: [] }],
  ])('a route %s: %s', (_claim, taken, match) => {
    expect(candidateRoutes([testStreamRoute({ match })], ends)).toHaveLength(taken ? 1 : 0)
  })

  it('matches IPv6 ends', () => {
    const match = { destinations: [{ block: 'fd00:2::/64', port: undefined }] }
    const routes = [testStreamRoute({ match })]
    const destination = { address: 'fd00:2::5', port: 1 }
    expect(candidateRoutes(routes, { ...ends, destination })).toHaveLength(1)
    expect(candidateRoutes(routes, ends)).toHaveLength(0)
  })

  it('keeps the order of preference', () => {
    const routes = [1, 2, 3].map((_, index) => testStreamRoute({}, index))
    expect(candidateRoutes(routes, ends).map(({ id }) => id)).toEqual(['r1', 'r2', 'r3'])
  })
})

describe('chooseStreamRoute', () => {
  const routes = [
    testStreamRoute({ match: { serverNames: ['a.test', 'b.test'] } }, 0),
    testStreamRoute({}, 1),
  ]

  it('takes the first whose names include the server name', () => {
    expect(chooseStreamRoute(routes, 'b.test')?.id).toBe('r1')
  })

  it('passes over named routes for a client without a server name or with another', () => {
    expect(chooseStreamRoute(routes, undefined)?.id).toBe('r2')
    expect(chooseStreamRoute(routes, 'sub.a.test')?.id).toBe('r2')
  })

  it('finds none where every route asks for a name', () => {
    expect(chooseStreamRoute(routes.slice(0, 1), undefined)).toBeUndefined()
  })
})

describe('decideFirstBytes', () => {
  const plain = testStreamRoute({})
  const tls = testStreamRoute({ match: { expects: 'tls' } })
  const either = testStreamRoute({ match: { expects: 'either' } })
  const named = testStreamRoute({ match: { serverNames: ['a.test'] } })

  it('goes ahead at once where all routes were written for plain clients', () => {
    expect(decideFirstBytes([plain, plain])).toBe('at-once')
  })

  it.each([
    ['was written for TLS', tls],
    ['takes both', either],
    ['asks for a server name', named],
  ])('waits where one of them %s', (_claim, route) => {
    expect(decideFirstBytes([plain, route])).toBe('await')
  })
})
