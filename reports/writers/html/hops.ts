import type { HopRecord, ScenarioRecord, TopologyRecord } from '#reports/record/record.ts'
import { renderBytes } from './bytes.ts'
import type { Connection } from './connections.ts'
import { endsOf, explainOutcome, explainPayload, explainTls } from './hop-words.ts'
import { ladder } from './ladder.ts'
import { html, type Markup } from './markup.ts'

/** The connections of a scenario as packets showed them: a ladder for the eye, a table for the details. */
export function hopSection(
  { hops, captures, id }: ScenarioRecord,
  connections: readonly Connection[],
  topology: TopologyRecord | undefined,
): Markup | undefined {
  if (hops.length === 0) return undefined
  const order = topology?.nodes.map(({ name }) => name) ?? []
  return html`<section>
    <h4>Connections seen on the wire</h4>
    <p class="note">
      An arrow ends at the node that took the connection; where all share a link, at the one whose
      address was dialled.
    </p>
    ${ladder(connections, order)} ${captures.map(captureLink)}
    <details class="table">
      <summary>As a table</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Connections of ${id}">
        <table class="hops">
          <thead>
            <tr>
              <th scope="col">at (UTC)</th>
              <th scope="col">link</th>
              <th scope="col">from</th>
              <th scope="col">to</th>
              <th scope="col">payload</th>
              <th scope="col">packets</th>
              <th scope="col">sent</th>
              <th scope="col">answered</th>
              <th scope="col">end</th>
            </tr>
          </thead>
          <tbody>
            ${hops.map(row)}
          </tbody>
        </table>
      </div>
    </details>
  </section>`
}

/** Relative, so that the folder can be moved. */
function captureLink(path: string): Markup {
  return html`<p class="note">
    Packets of all links, with their keys: <a href="${path}">${path}</a>
  </p>`
}

function row(hop: HopRecord): Markup {
  const [from, to] = endsOf(hop)
  return html`<tr>
    <td>${hop.at.slice(11, -1)}</td>
    <td>${hop.link}</td>
    <td>${end(from, hop.source)}</td>
    <td>${end(to, hop.destination)}</td>
    <td class="${hop.payload}">
      ${explainPayload(hop)}${explainTls(hop).map((line) => html`<br /><span class="dim">${line}</span>`)}
    </td>
    <td>${hop.packets && `${hop.packets.first}–${hop.packets.last}`}</td>
    <td>${renderBytes(hop.bytesToServer)}</td>
    <td>${renderBytes(hop.bytesToClient)}</td>
    <td>${explainOutcome(hop)}</td>
  </tr> `
}

function end(name: string, address: string): Markup {
  return name === address ? html`${address}` : html`${name} <span class="dim">${address}</span>`
}
