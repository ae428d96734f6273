import type { HopRecord } from '#reports/record/record.ts'
import { renderBytes } from './bytes.ts'
import { arrived, endsOf, explainOutcome, explainPayload } from './hop-words.ts'
import { html, type Markup } from './markup.ts'
import { shorten } from './shorten.ts'

const columnWidth = 190
const leftMargin = 150
const headHeight = 46
const rowHeight = 46
/** Connections drawn; the table beside the ladder has them all. */
const longestLadder = 60

/** A sequence diagram: a line down for each end, an arrow across for each connection, oldest first. */
export function ladder(hops: readonly HopRecord[], order: readonly string[]): Markup {
  const shown = hops.slice(0, longestLadder)
  const ends = compileColumns(shown, order)
  const width = leftMargin + ends.length * columnWidth
  const height = headHeight + shown.length * rowHeight + 14
  const x = (name: string): number => leftMargin + (ends.indexOf(name) + 0.5) * columnWidth
  const start = Date.parse(shown[0]?.at ?? '')
  const left = hops.length - shown.length
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Ladder of connections">
      <svg
        class="ladder"
        viewBox="0 0 ${width} ${height}"
        width="${width}"
        height="${height}"
        role="img"
        aria-label="${describe(hops)}"
      >
        ${ends.map((name) => lifeline(name, x(name), height))}
        ${shown.map((hop, index) => {
          const [from, to] = endsOf(hop)
          const y = headHeight + index * rowHeight + 30
          return html`<g class="hop ${hop.payload}${arrived(hop) ? '' : ' broken'}">
            <title>${explain(hop)}</title>
            <text class="when" x="6" y="${y - 5}"
              >+${Math.max(0, Date.parse(hop.at) - start)} ms</text
            ><text class="when" x="6" y="${y + 9}">${shorten(hop.link, 20)}</text>
            ${arrow(x(from), x(to), y)} ${labels(hop, x(from), x(to), y)}</g
          > `
        })}
      </svg>
    </div>
    ${left > 0 ? html`<p class="note">${left} later connections are in the table only.</p>` : undefined}`
}

/** Ends in the order of the topology, those it does not name after them as they appear. */
export function compileColumns(
  hops: readonly HopRecord[],
  order: readonly string[],
): readonly string[] {
  const seen = new Set(hops.flatMap(endsOf))
  return [...order.filter((name) => seen.has(name)), ...seen].filter(
    (name, index, all) => all.indexOf(name) === index,
  )
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
function labels(hop: HopRecord, from: number, to: number, y: number): Markup {
  const loop = from === to
  const x = loop ? from + 42 : (from + to) / 2
  const space = loop ? 20 : Math.floor(Math.abs(from - to) / 6.6) - 1
  const payload = explainPayload(hop)
  const below = arrived(hop)
    ? `${renderBytes(hop.bytesToServer)} → ${renderBytes(hop.bytesToClient)} ←`
    : `✕ ${explainOutcome(hop)}`
  const anchor = loop ? 'start' : 'middle'
  return html`<text class="what" x="${x}" y="${y - 6}" text-anchor="${anchor}"
      >${shorten(payload, space)}</text
    ><text class="end" x="${x}" y="${y + 13}" text-anchor="${anchor}">${below}</text>`
}

function explain(hop: HopRecord): string {
  const sent = `${renderBytes(hop.bytesToServer)} sent, ${renderBytes(hop.bytesToClient)} answered`
  return `${endsOf(hop).join(' to ')} on ${hop.link}: ${explainPayload(hop)}, ${sent}, ${explainOutcome(hop)} (${hop.source} to ${hop.destination})`
}

function describe(hops: readonly HopRecord[]): string {
  const first = hops.slice(0, 12).map((hop) => {
    const [from, to] = endsOf(hop)
    return `${from} to ${to}, ${explainPayload(hop)}, ${explainOutcome(hop)}`
  })
  return `${hops.length} connections. ${first.join('; ')}`
}
