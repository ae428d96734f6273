import type { RunRecord } from '#reports/record/record.ts'
import { countVerdicts, verdicts } from '#reports/record/verdict.ts'
import { renderDuration } from '#reports/writers/duration.ts'
import { anchorOf } from './anchor.ts'
import { commandLine } from './command-line.ts'
import { html, type Markup } from './markup.ts'
import { verdictMark } from './verdict-mark.ts'

/** The verdict, how many of each, when and where it ran, and how to run it again. */
export function pageHeader(record: RunRecord): Markup {
  const { run, machine, units } = record
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['started', `${run.startedAt.slice(0, 19).replace('T', ' ')} UTC`],
    ['took', renderDuration(run.durationMs)],
    ['commit', run.commit],
    ['kernel', machine.kernel],
    ['node', machine.node],
    ['cpus', String(machine.cpus)],
    ['firewall', machine.firewall],
  ]
  return html`<header class="${run.verdict}">
<div class="top"><p class="product">Meshyard</p><button type="button" id="scheme" aria-pressed="false">Dark</button></div>
<h1>${verdictMark(run.verdict, { word: 'shown' })} <span class="run">${run.id}</span></h1>
${record.scenarios.length === 0 ? undefined : html`<p class="counts"><span>Scenarios</span>${countButtons(record)}</p>`}
${units.length === 0 ? undefined : html`<p class="counts"><span>Unit tests</span>${unitCounts(record)}</p>`}
<dl>${facts.map(([name, value]) => (value === undefined ? undefined : html`<div><dt>${name}</dt><dd>${value}</dd></div>`))}</dl>
${commandLine(run.command)}
</header>`
}

/** A button for each verdict that is there: it filters. */
function countButtons({ scenarios }: RunRecord): readonly Markup[] {
  const counts = countVerdicts(scenarios)
  return verdicts
    .filter((verdict) => counts[verdict] > 0)
    .map(
      (verdict) =>
        html`<button type="button" class="count" data-token="s:${verdict}" aria-pressed="false"><b>${counts[verdict]}</b> ${verdictMark(verdict, { word: 'shown' })}</button>`,
    )
}

function unitCounts({ units }: RunRecord): readonly Markup[] {
  const counts = countVerdicts(units)
  return verdicts
    .filter((verdict) => counts[verdict] > 0)
    .map(
      (verdict) =>
        html`<a class="count" href="#units"><b>${counts[verdict]}</b> ${verdictMark(verdict, { word: 'shown' })}</a>`,
    )
}

/** Faults outside any test, then what did not pass with the first line of its reason: read this first. */
export function troubleList({ faults, scenarios }: RunRecord): Markup | undefined {
  const bad = scenarios.filter(({ verdict }) => verdict === 'failed' || verdict === 'unknown')
  if (faults.length + bad.length === 0) return undefined
  const items = bad.map(({ id, verdict, title, topology, note, failures }) => {
    const [reason] = (note ?? failures[0]?.message ?? '').split('\n', 1)
    return html`<li>${verdictMark(verdict, { word: 'hidden' })} <a href="#${anchorOf(id)}">${title}</a>${topology === undefined ? undefined : html` <span class="tag">${topology}</span>`}<br/><span class="dim">${reason}</span></li>\n`
  })
  const outside = faults.map(
    (fault) =>
      html`<li>${verdictMark('failed', { word: 'hidden' })} outside any test<pre class="failure">${fault}</pre></li>\n`,
  )
  return html`<section id="trouble" aria-labelledby="trouble-title"><h2 id="trouble-title">What went wrong</h2><ul class="trouble">${outside}${items}</ul></section>`
}
