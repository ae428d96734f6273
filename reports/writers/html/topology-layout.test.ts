import { describe, expect, it } from 'vitest'
import { sampleRecord } from '#reports/writers/sample-record.ts'
import type { TopologyRecord } from '#reports/record/record.ts'
import { compileLayout, type Box } from './topology-layout.ts'

const [sidecars, tutorial] = sampleRecord().topologies

describe('compileLayout', () => {
  it('draws a link of two nodes as a line and gives any other a place of its own', () => {
    const layout = layoutOf(sidecars)
    expect(layout.lines.map(({ name }) => name)).toEqual([
      'a',
      undefined,
      undefined,
      undefined,
      'b',
    ])
    expect(layout.boxes.filter(({ kind }) => kind === 'link')).toHaveLength(1)
    const names = new Set(layout.boxes.map(({ name }) => name))
    expect(layout.lines.every(({ from, to }) => names.has(from) && names.has(to))).toBe(true)
  })

  it('names a namespace once where all nodes share it', () => {
    expect(layoutOf(tutorial).shared).toBe('tutorial')
    expect(layoutOf(sidecars).shared).toBeUndefined()
  })

  it('lets no two boxes overlap and keeps all inside, however many nodes there are', () => {
    for (const count of [1, 2, 5, 6, 23]) {
      const nodes = Array.from({ length: count }, (_, index) => ({
        name: `n${index}`,
        kind: index % 4 === 3 ? ('switch' as const) : ('service' as const),
        namespace: `n${index}`,
        addresses: Array.from({ length: index }, (_each, host) => `10.0.0.${host}`),
      }))
      const { boxes, width, height } = layoutOf({ name: 't', nodes, links: [] })
      expect(boxes).toHaveLength(count)
      for (const [index, box] of boxes.entries()) {
        expect(box.x).toBeGreaterThanOrEqual(0)
        expect(box.x + box.width).toBeLessThanOrEqual(width)
        expect(box.y + box.height).toBeLessThanOrEqual(height)
        expect(boxes.slice(index + 1).filter((other) => overlap(box, other))).toEqual([])
      }
    }
  })
})

function layoutOf(topology: TopologyRecord | undefined): ReturnType<typeof compileLayout> {
  expect(topology).toBeDefined()
  return compileLayout(topology ?? { name: '', nodes: [], links: [] }, { top: 44 })
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}
