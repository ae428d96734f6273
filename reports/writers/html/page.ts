import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RunRecord } from '#reports/record/record.ts'
import { inlineLimit } from '#reports/writers/attachments.ts'
import { pageHeader, troubleList } from './header.ts'
import { html, raw, type Markup } from './markup.ts'
import { matrix } from './matrix.ts'
import { scenarioArticle } from './scenario.ts'
import { topologyDrawing } from './topology-drawing.ts'
import { unitSection } from './units.ts'

/**
 * The whole report as one page that is well-formed XML too. Its policy allows nothing but its own style sheet and script:
 * no network, no frames, no script in what was logged, even if escaping had a hole.
 */
export function renderPage(record: RunRecord): string {
  const style = readBeside('page.css')
  const script = readBeside('page.js')
  const policy = `default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; base-uri 'none'; form-action 'none'`
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>${record.run.verdict}: Meshyard ${record.run.id}</title>
<style>${raw(style)}</style></head>
<body><a class="skip" href="#scenarios">Skip to the scenarios</a>
${pageHeader(record)}
<main>${troubleList(record)}
${matrix(record.scenarios)}
${scenarioSection(record)}
${topologySection(record)}
${unitSection(record)}</main>
<footer><p>The same run for programs: <a href="report.json">report.json</a>, <a href="junit.xml">junit.xml</a>, <a href="summary.md">summary.md</a>.</p></footer>
<script>${raw(script)}</script></body></html>
`.text
}

function scenarioSection(record: RunRecord): Markup {
  const topologies = new Map(record.topologies.map((topology) => [topology.name, topology]))
  const limit = inlineLimit(record)
  const files = [...Map.groupBy(record.scenarios, ({ file }) => file)]
  return html`<section id="scenarios" aria-labelledby="scenarios-title"><h2 id="scenarios-title">Scenarios</h2>
${files.length === 0 ? html`<p>This run had no scenarios.</p>` : filterBar()}
${files.map(
  ([file, inFile]) => html`<div class="file"><h3 class="path">${file}</h3>
${inFile.map((scenario) => scenarioArticle(scenario, { topology: topologies.get(scenario.topology ?? ''), limit }))}</div>\n`,
)}<p id="nothing" hidden="hidden">No scenario matches the filter.</p></section>`
}

function filterBar(): Markup {
  return html`<form id="filter" role="search"><label for="query">Filter</label><input id="query" type="search" autocomplete="off" spellcheck="false" placeholder="s:failed @sidecars !tls words" aria-describedby="hint"/><output for="query" id="shown"></output><button type="button" id="unfold" aria-pressed="false">Unfold all</button></form>
<p class="hint" id="hint"><kbd>s:failed</kbd> by verdict, <kbd>@sidecars</kbd> by topology, <kbd>!word</kbd> without. Keys: <kbd>/</kbd> filter, <kbd>j</kbd> <kbd>k</kbd> next and previous, <kbd>Enter</kbd> unfold.</p>`
}

function topologySection({ topologies }: RunRecord): Markup | undefined {
  if (topologies.length === 0) return undefined
  return html`<section id="topologies" aria-labelledby="topologies-title"><h2 id="topologies-title">Topologies</h2>${topologies.map(
    (topology) =>
      html`<figure><figcaption>${topology.name}</figcaption>${topologyDrawing(topology, [])}</figure>\n`,
  )}</section>`
}

function readBeside(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
