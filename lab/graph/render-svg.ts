import type { Graph } from './compile-graph.ts'
import { layOut, type PlacedBox } from './lay-out.ts'

/** A drawing that stands alone and follows the reader's light or dark surroundings. */
export function renderSvg(graph: Graph): string {
  const boxes = layOut(graph)
  const byId = new Map(boxes.map((box) => [box.id, box]))
  const width = Math.ceil(Math.max(0, ...boxes.map((box) => box.x + box.width)) + 24)
  const height = Math.ceil(Math.max(0, ...boxes.map((box) => box.y + box.height)) + 24)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape([graph.name, graph.summary].filter((part) => part !== '').join(': '))}</title>`,
    `<style>${style}</style>`,
    ...graph.wires.map(({ from, to, label }) => wire(byId.get(from), byId.get(to), label)),
    ...boxes.map(renderBox),
    '</svg>',
    '',
  ].join('\n')
}

const style = [
  'svg{color:#1f2933;font:13px sans-serif}',
  'rect{fill:#fff;stroke:currentColor}',
  '.proxy rect{fill:#e3f0ff}',
  '.pod rect{fill:#eef7ee}',
  '.bridge rect{fill:#f2f2f2;stroke-dasharray:4 3}',
  'path{fill:none;stroke:currentColor}',
  'text{fill:currentColor}',
  '.first{font-weight:600}',
  '@media(prefers-color-scheme:dark){svg{color:#e6e9ec}rect,.proxy rect,.pod rect,.bridge rect{fill:#20262c}}',
].join('')

function renderBox({ kind, lines, x, y, width, height }: PlacedBox): string {
  const text = lines.map(
    (line, index) =>
      `<text x="${round(x + 12)}" y="${round(y + 21 + 17 * index)}"${index === 0 ? ' class="first"' : ''}>${escape(line)}</text>`,
  )
  return `<g class="${kind}"><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="8"/>${text.join('')}</g>`
}

function wire(one: PlacedBox | undefined, other: PlacedBox | undefined, label: string): string {
  if (one === undefined || other === undefined) return ''
  const [left, right] = one.x <= other.x ? [one, other] : [other, one]
  const [a, b] = [middle(left), middle(right)]
  // Those of one column are joined on their left.
  const start = left.x === right.x ? left.x : left.x + left.width
  const bend = left.x === right.x ? start - 20 : (start + right.x) / 2
  const line = `<path d="M${round(start)} ${round(a)} C${round(bend)} ${round(a)} ${round(bend)} ${round(b)} ${round(right.x)} ${round(b)}"/>`
  const text = `<text x="${round(bend)}" y="${round((a + b) / 2 - 5)}" text-anchor="middle">${escape(label)}</text>`
  return label === '' ? line : `${line}${text}`
}

function middle({ y, height }: PlacedBox): number {
  return y + height / 2
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
