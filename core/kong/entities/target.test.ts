import * as fc from 'fast-check'
import { isIPv6 } from 'node:net'
import { describe, expect, it } from 'vitest'
import { activeTargets, targetHistory } from './active-targets.ts'
import type { Target } from './target.ts'
import { checkTarget, normalTarget, parseTarget } from './target-address.ts'

describe('the normal way of writing a target', () => {
  it('is one: writing it again changes nothing, and the address stays the same', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
        fc.option(fc.nat({ max: 65_535 }), { nil: undefined }),
        (host, port) => {
          const isIpv6 = isIPv6(host)
          const text = port === undefined ? host : `${isIpv6 ? `[${host}]` : host}:${port}`
          const normal = normalTarget(text) ?? ''
          expect(checkTarget(text)).toBeUndefined()
          expect(normalTarget(normal)).toBe(normal)
          const address = parseTarget(normal)
          expect(address?.port).toBe(port ?? 8000)
          if (isIpv6) {
            const canonical = (each: string): string => new URL(`http://[${each}]`).hostname
            expect(canonical(address?.host ?? '')).toBe(canonical(host))
          } else {
            expect(address?.host).toBe(host)
          }
        },
      ),
      {
        examples: [
          ['::1.2.3.4', undefined],
          ['::', 0],
          ['1::', undefined],
        ],
      },
    )
  })

  it('does not exist for what is no target, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(normalTarget(text) === undefined).toBe(checkTarget(text) !== undefined)
      }),
    )
  })
})

function target(id: string, address: string, weight: number, created_at: number): Target {
  return { id, target: address, weight, created_at, upstream: { id: 'u' }, tags: null }
}

describe('active targets', () => {
  it('are the newest of each address, without those of weight 0, newest first', () => {
    const all = [
      target('1', 'a:1', 10, 1),
      target('2', 'b:1', 10, 2),
      target('3', 'a:1', 20, 3),
      target('4', 'c:1', 10, 4),
      target('5', 'c:1', 0, 5),
      target('6', 'd:1', 0, 6),
      target('7', 'd:1', 5, 7),
    ]
    const ids = (targets: readonly Target[]): string => targets.map(({ id }) => id).join('')
    expect(ids(activeTargets(all))).toBe('732')
    expect(ids(activeTargets(all.toReversed()))).toBe('732')
    expect(ids(targetHistory(all))).toBe('7654321')
  })
})
