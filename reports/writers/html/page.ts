import { createHash } from 'node:crypto'
import type { RunRecord, TopologyRecord, UnitRecord, Verdict } from '#reports/record/record.ts'
import { countAgainst, verdicts } from '#reports/record/verdict.ts'
import { inlineLimit } from '#reports/writers/attachments.ts'
import { renderDuration } from '#reports/writers/duration.ts'
import { commandLine } from './command-line.ts'
import { html, raw, type Markup } from './markup.ts'
import { matrix } from './matrix.ts'
import { pageScript } from './page-script.ts'
import { pageStyle } from './page-style.ts'
import { failureBlock, scenarioArticle } from './scenario.ts'
import { topologyDrawing } from './topology-drawing.ts'
import { verdictMark } from './verdict-mark.ts'

/**
 * The report as one HTML document. Nothing is fetched: its policy allows the style sheet and the script it carries, by
 * their hashes, and nothing else.
 */
export function renderPage(record: RunRecord): string {
  const limit = inlineLimit(record)
  const topologies = new Map(record.topologies.map((topology) => [topology.name, topology]))
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'sha256-${hashOf(pageStyle)}'; script-src 'sha256-${hashOf(pageScript)}'"
        />
        <meta name="color-scheme" content="light dark" />
        <title>${record.run.verdict}: Meshyard ${record.run.id}</title>
        <style>${raw(pageStyle)}</style>
      </head>
      <body>
        ${header(record)}
        <main>
          ${faultList(record.faults)} ${filterBox(record)} ${matrix(record.scenarios)}
          ${topologySection(record.topologies)}
          <section id="scenarios" aria-labelledby="scenarios-title">
            <h2 id="scenarios-title">Scenarios</h2>
            ${record.scenarios.length === 0 ? html`<p class="note">No scenario ran.</p>` : undefined}
            ${record.scenarios.map((scenario) =>
              scenarioArticle(scenario, {
                topology:
                  scenario.topology === undefined ? undefined : topologies.get(scenario.topology),
                limit,
              }),
            )}
          </section>
          ${unitSection(record.units)}
        </main>
        <footer>
          <p>
            Written by Meshyard from <a href="report.json">report.json</a>, which holds everything
            shown here.
          </p>
        </footer>
        <script>${raw(pageScript)}</script>
      </body>
    </html>
`
  return page.text
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

function header({ run, machine, counts, faults }: RunRecord): Markup {
  const against = countAgainst({ counts, faults })
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['run', run.id],
    ['started', run.startedAt],
    ['took', renderDuration(run.durationMs)],
    ['commit', run.commit],
    ['Linux', machine.kernel],
    ['Node', machine.node],
    ['processors', String(machine.cpus)],
    ['firewall', machine.firewall],
  ]
  return html`<header class="${run.verdict}">
    <p class="brand">Meshyard</p>
    <h1>
      ${verdictMark(run.verdict, { word: 'hidden' })}
      ${headline(run.verdict, counts.passed, against)}
    </h1>
    <ul class="counts">
      ${verdicts.map((verdict) => html`<li>${verdictMark(verdict, { word: 'shown' })} <strong>${counts[verdict]}</strong></li>`)}
    </ul>
    <dl class="facts">
      ${facts.map(([name, value]) =>
        value === undefined
          ? undefined
          : html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
      )}
    </dl>
    ${commandLine(run.command)}
  </header>`
}

function headline(verdict: Verdict, passed: number, against: number): string {
  if (verdict === 'passed') return `All ${passed} tests hold`
  return `${against} ${against === 1 ? 'finding speaks' : 'findings speak'} against this run`
}

function faultList(faults: readonly string[]): Markup | undefined {
  if (faults.length === 0) return undefined
  return html`<section aria-labelledby="faults-title">
    <h2 id="faults-title">Outside any test</h2>
    ${faults.map((message) => failureBlock({ message, stack: undefined }))}
  </section>`
}

function filterBox({ scenarios }: RunRecord): Markup | undefined {
  if (scenarios.length === 0) return undefined
  return html`<search class="filter">
    <label for="filter">Filter</label>
    <input
      id="filter"
      type="search"
      placeholder="s:failed  @sidecars  words"
      aria-describedby="filter-help"
      autocomplete="off"
      spellcheck="false"
    />
    <output id="filter-count" for="filter" role="status"></output>
    <p id="filter-help" class="note">
      <kbd>/</kbd> goes to the box. <code>s:failed</code> by verdict, <code>@tutorial</code> by
      topology, <code>!word</code> without, anything else by text.
    </p>
  </search>`
}

function topologySection(topologies: readonly TopologyRecord[]): Markup | undefined {
  if (topologies.length === 0) return undefined
  return html`<section aria-labelledby="topologies-title">
    <h2 id="topologies-title">Topologies</h2>
    ${topologies.map(
      (topology) =>
        html`<figure>
          <figcaption>${topology.name}</figcaption>
          ${topologyDrawing(topology, { id: `t-${topology.name}`, hops: [] })}
        </figure>`,
    )}
  </section>`
}

/** Unit tests leave no evidence: counted by file, and told one by one only where they did not pass. */
function unitSection(units: readonly UnitRecord[]): Markup | undefined {
  if (units.length === 0) return undefined
  const files = [...Map.groupBy(units, ({ file }) => file)]
  const bad = units.filter(({ verdict }) => verdict !== 'passed')
  return html`<section aria-labelledby="units-title">
    <h2 id="units-title">Unit tests</h2>
    ${bad.map(
      (unit) =>
        html`<article class="unit">
          <p>
            ${verdictMark(unit.verdict, { word: 'shown' })}
            ${[unit.file, ...unit.suite, unit.title].join(' › ')}
          </p>
          ${unit.note === undefined ? undefined : html`<p class="reason">${unit.note}</p>`}${unit.failures.map(failureBlock)}
        </article>`,
    )}
    <details class="table">
      <summary>${units.length} tests in ${files.length} files</summary>
      <div class="scroll" tabindex="0" role="region" aria-labelledby="units-title">
        <table>
          <thead>
            <tr>
              <th scope="col">file</th>
              ${verdicts.map((verdict) => html`<th scope="col">${verdict}</th>`)}
              <th scope="col">time</th>
            </tr>
          </thead>
          <tbody>
            ${files.map(
              ([file, tests]) =>
                html`<tr>
                  <th scope="row">${file}</th>
                  ${verdicts.map((verdict) => html`<td>${tests.filter((test) => test.verdict === verdict).length}</td>`)}
                  <td>
                    ${renderDuration(tests.reduce((total, { durationMs }) => total + durationMs, 0))}
                  </td>
                </tr> `,
            )}
          </tbody>
        </table>
      </div>
    </details>
  </section>`
}
