import { describe, expect, it } from 'vitest'
import { findTopology } from '#lab/topology/find-topology.ts'
import { compileGraph } from './compile-graph.ts'
import { layOut } from './lay-out.ts'
import { renderDot } from './render-dot.ts'
import { renderMermaid } from './render-mermaid.ts'
import { renderSvg } from './render-svg.ts'
import { renderText } from './render-text.ts'

const sidecars = compileGraph(await findTopology('sidecars'))
const pods = compileGraph(await findTopology('pods'))

describe(compileGraph, () => {
  it('has a place for each namespace and each bridge, and a wire for each cable and each port', () => {
    expect(sidecars.places.map(({ id }) => id)).toStrictEqual([
      'service-a',
      'kong-a',
      'kong-b',
      'service-b',
      'control-plane',
      'bridge mesh',
    ])
    expect(sidecars.wires).toHaveLength(5)
  })

  it('puts nodes that share a namespace into one place', () => {
    const pod = pods.places.find(({ id }) => id === 'pod-a')
    expect(pod).toMatchObject({ kind: 'pod', intercepts: true })
    expect(pod?.lines.join(' ')).toMatch(/pod-a service-a \(service\).*kong-a \(proxy\)/)
  })
})

describe(renderText, () => {
  it('shows where each wire leads', () => {
    expect(renderText(sidecars)).toContain(
      [
        'kong-a (proxy)  ⇥ interception',
        '    10.1.0.3  10.0.0.3  fd00:1::3  fd00::3',
        '  ├── a ── service-a',
        '  └── (mesh)',
      ].join('\n'),
    )
  })
})

describe(renderMermaid, () => {
  it('draws nodes with lines of text and named edges', () => {
    expect(renderMermaid(sidecars)).toContain(
      '  n0["service-a (service)<br/>10.1.0.2<br/>fd00:1::2"]',
    )
    expect(renderMermaid(sidecars)).toContain('  n0 ---|"a"| n1\n')
  })
})

describe(renderDot, () => {
  it('quotes what would end a text', () => {
    const graph = { ...sidecars, name: String.raw`a "b" \c` }
    expect(renderDot(graph)).toMatch(/^graph "a \\"b\\" \\\\c" \{\n/)
    expect(renderDot(graph)).toContain('  "service-a" -- "kong-a" [label="a"]\n')
  })
})

describe(renderSvg, () => {
  it.each(['sidecars', 'pods', 'tutorial', 'star:5'])(
    'draws no two boxes of %s over each other',
    async (name) => {
      const boxes = layOut(compileGraph(await findTopology(name)))
      for (const [index, one] of boxes.entries()) {
        for (const other of boxes.slice(index + 1)) {
          const apart =
            one.x + one.width <= other.x ||
            other.x + other.width <= one.x ||
            one.y + one.height <= other.y ||
            other.y + other.height <= one.y
          expect(apart, `${one.id} and ${other.id}`).toBe(true)
        }
      }
    },
  )

  it('lets no name of a topology become markup', () => {
    const svg = renderSvg({ ...sidecars, name: '<script>' })
    expect(svg).toContain('<title>&lt;script&gt;: ')
    expect(svg.match(/<rect/g)).toHaveLength(sidecars.places.length)
  })
})
