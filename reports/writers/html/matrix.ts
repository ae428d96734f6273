import type { ScenarioRecord } from '#reports/record/record.ts'
import { anchorOf } from './anchor.ts'
import { html, type Markup } from './markup.ts'
import { verdictMark } from './verdict-mark.ts'

export interface MatrixRow {
  readonly file: string
  readonly label: string
  /** Scenarios of this claim by topology; `''` holds those that name none. */
  readonly cells: ReadonlyMap<string, readonly ScenarioRecord[]>
}

/** One row for each claim, whatever topologies it ran on: titles that differ in the topology's name alone are one claim. */
export function compileMatrix(scenarios: readonly ScenarioRecord[]): readonly MatrixRow[] {
  const rows = Map.groupBy(scenarios, (scenario) => `${scenario.file}\n${claimOf(scenario)}`)
  return Array.from(rows.values(), (group) => ({
    file: group[0]?.file ?? '',
    label: group[0] === undefined ? '' : claimOf(group[0]),
    cells: Map.groupBy(group, ({ topology }) => topology ?? ''),
  }))
}

function claimOf({ suite, title, topology }: ScenarioRecord): string {
  const words = [...suite, title]
  if (topology === undefined) return words.join(' › ')
  // `sidecars` alone, `sidecars:`, `on sidecars`, `(sidecars)`; as a word of a sentence it belongs to the claim.
  const name = topology.replaceAll(/[^\w-]/g, String.raw`\$&`)
  const mention = new RegExp(
    String.raw`^${name}(?:$|:\s*)|(?:^|\s+)(?:on|in|with) ${name}(?=$|[\s,:])|\s*(?:\(${name}\)|\[${name}\])`,
    'g',
  )
  const claim = words.map((word) => word.replace(mention, '').trim()).filter((word) => word !== '')
  return claim.length === 0 ? words.join(' › ') : claim.join(' › ')
}

/** Verdicts at a glance: claims down, topologies across, each cell leading to its scenario. */
export function matrix(scenarios: readonly ScenarioRecord[]): Markup | undefined {
  if (scenarios.length === 0) return undefined
  const rows = compileMatrix(scenarios)
  const columns = [...new Set(scenarios.map(({ topology }) => topology ?? ''))].toSorted()
  const groups = [...Map.groupBy(rows, ({ file }) => file)]
  return html`<section id="matrix" aria-labelledby="matrix-title">
    <h2 id="matrix-title">Verdicts</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="matrix-title">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">Scenario</th>
            ${columns.map((column) => html`<th scope="col">${column === '' ? 'no topology' : column}</th>`)}
          </tr>
        </thead>
        ${groups.map(
          ([file, inFile]) =>
            html`<tbody>
              <tr class="file">
                <th scope="rowgroup" colspan="${columns.length + 1}">${file}</th>
              </tr>
              ${inFile.map(
                (row) =>
                  html`<tr>
                    <th scope="row">${row.label}</th>
                    ${columns.map((column) => cell(row.cells.get(column) ?? []))}
                  </tr> `,
              )}
            </tbody> `,
        )}
      </table>
    </div>
  </section>`
}

function cell(scenarios: readonly ScenarioRecord[]): Markup {
  if (scenarios.length === 0) return html`<td class="none"><span class="unseen">not run</span></td>`
  const links = scenarios.map(
    ({ id, verdict, title }) =>
      html`<a href="#${anchorOf(id)}" title="${verdict}: ${title}"
        >${verdictMark(verdict, { word: 'hidden' })}</a
      >`,
  )
  return html`<td>${links}</td>`
}
