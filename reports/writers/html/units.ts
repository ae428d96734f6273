import type { RunRecord, UnitRecord } from '#reports/record/record.ts'
import { countVerdicts, verdicts } from '#reports/record/verdict.ts'
import { renderDuration } from '#reports/writers/duration.ts'
import { html, type Markup } from './markup.ts'
import { failureBlock } from './scenario.ts'
import { verdictMark } from './verdict-mark.ts'

/** Unit tests by file, in numbers; those that did not pass in full. */
export function unitSection({ units }: RunRecord): Markup | undefined {
  if (units.length === 0) return undefined
  const files = [...Map.groupBy(units, ({ file }) => file)]
  const bad = units.filter(({ verdict }) => verdict === 'failed' || verdict === 'unknown')
  return html`<section id="units" aria-labelledby="units-title"><h2 id="units-title">Unit tests</h2>
${bad.map(unitBlock)}
<details class="table"><summary>${units.length} tests in ${files.length} files, ${renderDuration(totalMs(units))}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Unit tests by file"><table class="units"><thead><tr><th scope="col">File</th>${verdicts.map((verdict) => html`<th scope="col">${verdict}</th>`)}<th scope="col">took</th></tr></thead>
<tbody>${files.map(([file, inFile]) => fileRow(file, inFile))}</tbody></table></div></details></section>`
}

function fileRow(file: string, units: readonly UnitRecord[]): Markup {
  const counts = countVerdicts(units)
  return html`<tr><th scope="row">${file}</th>${verdicts.map((verdict) => html`<td class="${counts[verdict] > 0 ? verdict : 'dim'}">${counts[verdict]}</td>`)}<td>${renderDuration(totalMs(units))}</td></tr>\n`
}

function unitBlock({ file, suite, title, verdict, note, failures }: UnitRecord): Markup {
  return html`<article class="unit ${verdict}"><h3>${verdictMark(verdict, { word: 'shown' })} ${[...suite, title].join(' › ')}</h3><p class="dim">${file}</p>${note === undefined ? undefined : html`<p class="reason">${note}</p>`}${failures.map(failureBlock)}</article>\n`
}

function totalMs(units: readonly UnitRecord[]): number {
  return units.reduce((total, { durationMs }) => total + durationMs, 0)
}
