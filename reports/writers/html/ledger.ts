import type {
  LedgerEntryRecord,
  LedgerRecord,
  LedgerRequestRecord,
  ScenarioRecord,
} from '#reports/record/record.ts'
import { html, type Markup } from './markup.ts'

/** What became of each request: a row for each place of its way, with what proves it. */
export function ledgerSection({
  ledger,
  id,
  verdict: claim,
}: Pick<ScenarioRecord, 'ledger' | 'id' | 'verdict'>): Markup | undefined {
  if (ledger === undefined) return undefined
  const { verdict, requests, imbalances } = ledger
  // Some claim that a difference is found.
  const isMeant = verdict === 'unbalanced' && claim === 'passed'
  const isOpen = verdict === 'unbalanced' && !isMeant
  return html`<section class="ledger">
    <h4>Requests, from sender to service</h4>
    <p class="balance ${isOpen ? verdict : ''}">${explainBalance(ledger)}${isMeant ? ' That is what this scenario claims.' : ''}</p>
    ${
      imbalances.length === 0
        ? undefined
        : html`<ul>
            ${imbalances.map((text) => html`<li>${text}</li>`)}
          </ul>`
    }
    <details class="table" ${isOpen ? html`open="open"` : undefined}>
      <summary>${requests.length === 1 ? 'The request' : `${requests.length} requests`}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Requests of ${id}">
        <table class="hops">
          <thead>
            <tr>
              <th scope="col">request</th>
              <th scope="col">seen</th>
              <th scope="col">proven by</th>
              <th scope="col">times</th>
              <th scope="col">as due</th>
            </tr>
          </thead>
          ${requests.map(requestRows)}
        </table>
      </div>
    </details>
  </section>`
}

/** In a sentence. */
export function explainBalance({ verdict, total, requests, imbalances }: LedgerRecord): string {
  const many = total === 1 ? '1 request' : `${total} requests`
  const shown = requests.length < total ? ` ${requests.length} of them are shown.` : ''
  if (verdict === 'balanced') {
    return `The books balance: ${many}, each seen at every place as often as it was due there.${shown}`
  }
  const times = imbalances.length === 1 ? 'once' : `${imbalances.length} times`
  return `The books do not balance: over ${many} they contradict each other ${times}.${shown}`
}

function requestRows({ id, sent, entries }: LedgerRequestRecord): Markup {
  return html`<tbody>
    <tr>
      <th scope="rowgroup" rowspan="${entries.length + 1}"><code>${id}</code></th>
      <td>sent</td>
      <td>${sent}</td>
      <td>1</td>
      <td></td>
    </tr>
    ${entries.map(entryRow)}
  </tbody>`
}

function entryRow({ book, proof, times, where, balanced }: LedgerEntryRecord): Markup {
  return html`<tr${balanced ? undefined : html` class="bad"`}>
    <td>${book}</td>
    <td>${proof}<span class="dim">${where.length === 0 ? '' : `: ${where.join(', ')}`}</span></td>
    <td>${times}</td>
    <td>${balanced ? 'yes' : 'no'}</td>
  </tr>`
}
