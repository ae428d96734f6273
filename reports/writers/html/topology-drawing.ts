import type { TopologyRecord } from '#reports/record/record.ts'
import type { Connection } from './connections.ts'
import { compileFlows, explainFlow, labelFlow, type Flow } from './flows.ts'
import { html, type Markup } from './markup.ts'
import { shorten } from './shorten.ts'
import { compileLayout, type Box, type Layout } from './topology-layout.ts'

/** Nodes, addresses and links of a topology; with connections, an arrow for each pair of nodes that spoke and how they did. */
export function topologyDrawing(
  topology: TopologyRecord,
  connections: readonly Connection[],
): Markup {
  const flows = compileFlows(connections)
  const layout = compileLayout(topology, { top: flows.length > 0 ? 112 : 44 })
  const boxes = new Map(layout.boxes.map((box) => [box.name, box]))
  const { width, height } = layout
  const title = `Topology ${topology.name}: ${topology.nodes.map(({ name, kind }) => `${name} (${kind})`).join(', ')}`
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Topology ${topology.name}">
    <svg
      class="topology"
      viewBox="0 0 ${width} ${height}"
      width="${width}"
      height="${height}"
      role="img"
      aria-label="${[title, ...flows.map(explainFlow)].join('; ')}"
    >
      ${frame(layout)}${layout.lines.map((line) => linkLine(line, boxes))}
      ${layout.boxes.map(nodeBox)} ${flows.map((flow) => flowArrow(flow, boxes))}
    </svg>
  </div>`
}

function frame({ shared, width, height }: Layout): Markup | undefined {
  return shared === undefined
    ? undefined
    : html`<rect
          class="frame"
          x="6"
          y="6"
          width="${width - 12}"
          height="${height - 12}"
          rx="12"
        /><text class="namespace" x="20" y="26">namespace ${shared}</text>`
}

function nodeBox({ name, kind, lines, x, y, width, height }: Box): Markup {
  if (kind === 'link') {
    return html`<g class="box link"
      ><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="14" /><text
        x="${x + width / 2}"
        y="${y + 19}"
        >${shorten(lines[0] ?? '', 20)}</text
      ></g
    > `
  }
  return html`<g class="box ${kind}"
    ><title>${[name, ...lines].join(', ')}</title
    ><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" /><text
      class="name"
      x="${x + width / 2}"
      y="${y + 20}"
      >${shorten(name, 19)}</text
    >${lines.map((line, index) => html`<text class="${index === 0 ? 'kind' : 'address'}" x="${x + width / 2}" y="${y + 37 + index * 15}">${shorten(line, 23)}</text>`)}</g
  > `
}

/** Side by side: straight. One above the other: from the lower edge to the upper. Apart in a row: round below. */
function linkLine(
  line: Layout['lines'][number],
  boxes: ReadonlyMap<string, Box>,
): Markup | undefined {
  const from = boxes.get(line.from)
  const to = boxes.get(line.to)
  if (from === undefined || to === undefined || from === to) return undefined
  const [left, right] = from.x <= to.x ? [from, to] : [to, from]
  const sameRow = Math.abs(centre(left).y - centre(right).y) < 1
  const gapBetween = right.x - left.x - left.width
  if (sameRow && gapBetween <= 70) {
    const { y } = centre(left)
    return html`<g class="wire"
      ><line
        x1="${left.x + left.width}"
        y1="${y}"
        x2="${right.x}"
        y2="${y}"
      />${label(line.name, (left.x + left.width + right.x) / 2, y - 6)}</g
    >`
  }
  if (sameRow) {
    const [a, b] = [bottom(left), bottom(right)]
    const depth = Math.max(a.y, b.y) + 34
    return html`<g class="wire"
      ><path
        d="M${a.x} ${a.y} C${a.x} ${depth} ${b.x} ${depth} ${b.x} ${b.y}"
      />${label(line.name, (a.x + b.x) / 2, depth - 12)}</g
    >`
  }
  const [upper, lower] = from.y < to.y ? [from, to] : [to, from]
  const [a, b] = [bottom(upper), { x: centre(lower).x, y: lower.y }]
  const middle = (a.y + b.y) / 2
  return html`<g class="wire"
    ><path
      d="M${a.x} ${a.y} C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${b.y}"
    />${label(line.name, (a.x + b.x) / 2, middle - 4)}</g
  >`
}

function label(name: string | undefined, x: number, y: number): Markup | undefined {
  return name === undefined ? undefined : html`<text x="${x}" y="${y}">${shorten(name, 16)}</text>`
}

/** An arc above the row, higher the further it goes and on the way back; between rows it goes beside the wire. */
function flowArrow(flow: Flow, boxes: ReadonlyMap<string, Box>): Markup | undefined {
  const from = boxes.get(flow.from)
  const to = boxes.get(flow.to)
  if (from === undefined || to === undefined) return undefined
  const back = to.x < from.x
  const shift = (back ? -1 : 1) * 24
  const sameRow = Math.abs(centre(from).y - centre(to).y) < 1
  const text = explainFlow(flow)
  const short = labelFlow(flow)
  const style = `flow ${flow.payload}${flow.broken > 0 ? ' broken' : ''}`
  if (sameRow) {
    const [a, b] = [centre(from).x + shift, centre(to).x - shift]
    const steps = Math.max(1, Math.round(Math.abs(a - b) / 200))
    const height = Math.min(112, 26 + steps * 28 + (back ? 12 : 0))
    const top = Math.min(from.y, to.y)
    const peak = top - height
    // Its words stand below an arc, where a longer one cannot cross them.
    return html`<g class="${style}"
      ><title>${text}</title
      ><path
        class="shaft"
        d="M${a} ${from.y - 2} C${a} ${peak} ${b} ${peak} ${b} ${to.y - 9}"
      /><path class="head" d="M${b} ${to.y - 1} l-5 -10 h10 z" /><text
        x="${(a + b) / 2}"
        y="${top - height * 0.75 + 15}"
        >${short}</text
      ></g
    >`
  }
  const down = to.y > from.y
  const a = { x: centre(from).x + 14, y: down ? from.y + from.height + 2 : from.y - 2 }
  const b = { x: centre(to).x + 14, y: down ? to.y - 9 : to.y + to.height + 9 }
  const middle = (a.y + b.y) / 2
  return html`<g class="${style}"
    ><title>${text}</title
    ><path class="shaft" d="M${a.x} ${a.y} C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${b.y}" /><path
      class="head"
      d="M${b.x} ${down ? to.y - 1 : to.y + to.height + 1} l-5 ${down ? -10 : 10} h10 z"
    /><text x="${(a.x + b.x) / 2 + 8}" y="${middle + 12}">${short}</text></g
  >`
}

function centre({ x, y, width, height }: Box): { readonly x: number; readonly y: number } {
  return { x: x + width / 2, y: y + height / 2 }
}

function bottom(box: Box): { readonly x: number; readonly y: number } {
  return { x: centre(box).x, y: box.y + box.height }
}
