import type { FailureRecord, ScenarioRecord, TopologyRecord } from '#reports/record/record.ts'
import { renderDuration } from '#reports/writers/duration.ts'
import { anchorOf } from './anchor.ts'
import { commandLine } from './command-line.ts'
import { commandList } from './commands.ts'
import { compileConnections } from './connections.ts'
import { hopSection } from './hops.ts'
import { ledgerSection } from './ledger.ts'
import { logList } from './logs.ts'
import { html, type Markup } from './markup.ts'
import { topologyDrawing } from './topology-drawing.ts'
import { verdictMark } from './verdict-mark.ts'

/** A scenario as a fold: the claim and its verdict, and inside all its evidence. What did not pass is open. */
export function scenarioArticle(
  scenario: ScenarioRecord,
  options: { readonly topology: TopologyRecord | undefined; readonly limit: number },
): Markup {
  const { id, verdict, topology, suite, title, note, attempts, durationMs, tags } = scenario
  const anchor = anchorOf(id)
  const connections = compileConnections(scenario.hops, options.topology)
  const open = verdict === 'failed' || verdict === 'unknown'
  return html`<article class="scenario ${verdict}" id="${anchor}" data-verdict="${verdict}" data-topology="${topology ?? ''}" data-text="${searchText(scenario)}">
<details${open ? html` open="open"` : undefined}><summary>${verdictMark(verdict, { word: 'shown' })}
<h3>${suite.map((name) => html`<span class="suite">${name} › </span>`)}${title}</h3>
<span class="aside">${attempts > 1 ? html`<span class="tag">${attempts} attempts</span> ` : undefined}${topology === undefined ? undefined : html`<span class="tag">${topology}</span> `}${tags.map((tag) => html`<span class="tag">${tag}</span> `)}<span class="time">${renderDuration(durationMs)}</span></span></summary>
<div class="evidence">
<p class="note"><a href="#${anchor}">Link to this scenario</a></p>
${note === undefined ? undefined : html`<p class="reason">${note}</p>`}
${failureList(scenario)}
${hopSection(scenario, connections, options.topology)}
${
  scenario.hops.length > 0 && options.topology !== undefined
    ? html`<section>
        <h4>Topology</h4>
        ${topologyDrawing(options.topology, connections)}
      </section>`
    : undefined
}
${ledgerSection(scenario)}
${commandList(scenario.commands, options.limit)}
${logList(scenario, options.limit)}
<section><h4>Run it again</h4>${scenario.reproduce.map(commandLine)}</section>
</div></details></article>\n`
}

function failureList({ failures, verdict }: ScenarioRecord): Markup | undefined {
  if (failures.length === 0) return undefined
  const title = verdict === 'passed' ? 'Earlier attempts' : 'Why'
  return html`<section>
    <h4>${title}</h4>
    ${failures.map(failureBlock)}
  </section>`
}

export function failureBlock({ message, stack }: FailureRecord): Markup {
  const origin = stack === undefined ? undefined : html`\n<span class="dim">${stack}</span>`
  return html`<pre class="failure" tabindex="0" role="region" aria-label="Failure">${message}${origin}</pre>`
}

function searchText({ id, note, failures, hops, tags }: ScenarioRecord): string {
  const names = hops.flatMap(({ from, to, serverName, link }) => [from, to, serverName, link])
  const words = [id, note, ...failures.map(({ message }) => message), ...new Set(names), ...tags]
  return words
    .filter((word) => word !== undefined)
    .join(' ')
    .toLowerCase()
    .slice(0, 4_000)
}
