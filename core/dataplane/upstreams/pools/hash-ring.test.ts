import { describe, expect, it } from 'vitest'
import { openHashRing, type HashRing } from './hash-ring.ts'

const slots = 10_000

describe('openHashRing', () => {
  it('moves only the share of a new member, and only to it', () => {
    const before = openHashRing(members(10), slots)
    const after = openHashRing(members(11), slots)
    let moved = 0
    for (let position = 0; position < slots; position++) {
      const [old, now] = [before.owner(position), after.owner(position)]
      if (old === now) continue
      expect(now).toBe(10)
      moved += 1
    }
    expect(moved / slots).toBeGreaterThan(0.075)
    expect(moved / slots).toBeLessThan(0.11)
  })

  it('shares the positions out by weight', () => {
    const ring = openHashRing(
      [
        { key: 'a', weight: 100 },
        { key: 'b', weight: 300 },
        { key: 'c', weight: 0 },
      ],
      slots,
    )
    const [a = 0, b = 0, c = 0] = shares(ring, 3)
    expect(b / a).toBeGreaterThan(2.7)
    expect(b / a).toBeLessThan(3.3)
    expect(c).toBe(0)
  })

  it('does not depend on the order of the members', () => {
    const forth = openHashRing(members(5), slots)
    const back = openHashRing(members(5).toReversed(), slots)
    for (let position = 0; position < slots; position++) {
      expect(forth.owner(position)).toBe(4 - back.owner(position)!)
    }
  })

  it('spreads what an absent member leaves over all others', () => {
    const ring = openHashRing(members(4), slots)
    const absent = 2
    const heirs = new Set<number | undefined>()
    for (let position = 0; position < slots; position++) {
      const owner = ring.owner(position)
      const stand = ring.owner(position, (member) => member !== absent)
      if (owner === absent) heirs.add(stand)
      else expect(stand).toBe(owner)
    }
    expect(heirs).toEqual(new Set([0, 1, 3]))
    expect(ring.owner(0, () => false)).toBeUndefined()
  })

  it('spreads similar values', () => {
    const ring = openHashRing(members(4), slots)
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 4000; i++) counts[ring.owner(ring.positionOf(`10.0.0.${i}`))!]! += 1
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

function members(count: number): { key: string; weight: number }[] {
  return Array.from({ length: count }, (_, i) => ({ key: `10.0.0.${i}:80`, weight: 100 }))
}

function shares(ring: HashRing, count: number): number[] {
  const found = Array.from({ length: count }, () => 0)
  for (let position = 0; position < slots; position++) found[ring.owner(position)!]! += 1
  return found
}
