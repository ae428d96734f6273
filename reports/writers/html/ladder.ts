import { renderBytes } from './bytes.ts'
import type { Connection } from './connections.ts'
import { arrived, explainOutcome, explainPayload } from './hop-words.ts'
import { html, type Markup } from './markup.ts'
import { shorten } from './shorten.ts'

const columnWidth = 172
const leftMargin = 110
const headHeight = 46
const rowHeight = 46
/** Connections drawn; the table beside the ladder has them all. */
const longestLadder = 60

/** A sequence diagram: a line down for each end, an arrow across for each connection, oldest first. */
export function ladder(connections: readonly Connection[], order: readonly string[]): Markup {
  const shown = connections.slice(0, longestLadder)
  const ends = compileColumns(shown, order)
  // The words of a loop stand beside its line, and beside the last one there is no next column.
  const loopAtEdge = shown.some(({ from, to }) => from === to && to === ends.at(-1))
  const width = leftMargin + ends.length * columnWidth + (loopAtEdge ? 70 : 0)
  const height = headHeight + shown.length * rowHeight + 14
  const x = (name: string): number => leftMargin + (ends.indexOf(name) + 0.5) * columnWidth
  const start = Date.parse(shown[0]?.at ?? '')
  const left = connections.length - shown.length
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Ladder of connections">
      <svg
        class="ladder"
        viewBox="0 0 ${width} ${height}"
        width="${width}"
        height="${height}"
        role="img"
        aria-label="${describe(connections)}"
      >
        ${ends.map((name) => lifeline(name, x(name), height))}
        ${shown.map((connection, index) => {
          const { from, to, hop, at, links } = connection
          const y = headHeight + index * rowHeight + 30
          return html`<g class="hop ${hop.payload}${arrived(hop) ? '' : ' broken'}">
            <title>${explain(connection)}</title>
            <text class="when" x="6" y="${y - 5}"
              >+${Math.max(0, Date.parse(at) - start)} ms</text
            ><text class="when" x="6" y="${y + 9}">${shorten(links.join(', '), 15)}</text>
            ${arrow(x(from), x(to), y)} ${labels(connection, x(from), x(to), y)}</g
          > `
        })}
      </svg>
    </div>
    ${left > 0 ? html`<p class="note">${left} later connections are in the table only.</p>` : undefined}`
}

/** Ends in the order of the topology, those it does not name after them as they appear. */
function compileColumns(
  connections: readonly Connection[],
  order: readonly string[],
): readonly string[] {
  const seen = new Set(connections.flatMap(({ from, to }) => [from, to]))
  return [...new Set([...order.filter((name) => seen.has(name)), ...seen])]
}

function lifeline(name: string, x: number, height: number): Markup {
  return html`<g class="lifeline"
    ><title>${name}</title><rect x="${x - 80}" y="4" width="160" height="28" rx="6" /><text
      x="${x}"
      y="23"
      >${shorten(name, 21)}</text
    ><line x1="${x}" y1="32" x2="${x}" y2="${height}"
  /></g> `
}

/** From end to end, with a head; a connection of a node to itself is a loop. */
function arrow(from: number, to: number, y: number): Markup {
  if (from === to) {
    return html`<path class="shaft" d="M${from} ${y - 12} h36 v14 h-28" /><path
        class="head"
        d="M${from + 2} ${y + 2} l10 -5 v10 z"
      />`
  }
  const step = to > from ? 1 : -1
  return html`<line class="shaft" x1="${from}" y1="${y}" x2="${to - step * 9}" y2="${y}" /><path
      class="head"
      d="M${to} ${y} l${-step * 10} -5 v10 z"
    />`
}

/** Above the arrow what was sent, below it how much and how it ended: in words, not by colour alone. */
function labels(connection: Connection, from: number, to: number, y: number): Markup {
  const { hop } = connection
  const loop = from === to
  const x = loop ? from + 42 : (from + to) / 2
  const space = loop ? 20 : Math.floor(Math.abs(from - to) / 6.6) - 1
  const payload = explainPayload(hop) + forWhom(connection)
  const below = arrived(hop)
    ? `${renderBytes(hop.bytesToServer)} → ${renderBytes(hop.bytesToClient)} ←`
    : `✕ ${explainOutcome(hop)}`
  const anchor = loop ? 'start' : 'middle'
  return html`<text class="what" x="${x}" y="${y - 6}" text-anchor="${anchor}"
      >${shorten(payload, space)}</text
    ><text class="end" x="${x}" y="${y + 13}" text-anchor="${anchor}">${below}</text>`
}

function explain(connection: Connection): string {
  const { from, to, links, hop } = connection
  const sent = `${renderBytes(hop.bytesToServer)} sent, ${renderBytes(hop.bytesToClient)} answered`
  return `${from} to ${to} on ${links.join(', ')}: ${explainPayload(hop)}${forWhom(connection)}, ${sent}, ${explainOutcome(hop)} (${hop.source} to ${hop.destination})`
}

function describe(connections: readonly Connection[]): string {
  const first = connections.slice(0, 12).map((connection) => {
    const { from, to, hop } = connection
    return `${from} to ${to}, ${explainPayload(hop)}${forWhom(connection)}, ${explainOutcome(hop)}`
  })
  return `${connections.length} connections. ${first.join('; ')}`
}

/** Whom a connection was meant for, where another took it. */
function forWhom({ to, dialled }: Connection): string {
  return to === dialled ? '' : ` to ${dialled}`
}
