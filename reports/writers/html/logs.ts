import type { ScenarioRecord } from '#reports/record/record.ts'
import { attachesLogs, attachmentPath } from '#reports/writers/attachments.ts'
import { html, type Markup } from './markup.ts'
import { textBlock } from './text-block.ts'

/** The logs of a scenario's nodes, folded. */
export function logList(scenario: ScenarioRecord, limit: number): Markup | undefined {
  if (scenario.logs.length === 0) return undefined
  const logs = scenario.logs.map(({ node, name, text }) => {
    const file = attachesLogs(scenario) || text.length > limit ? attachmentPath(text) : undefined
    const lines = text === '' ? 0 : text.trimEnd().split('\n').length
    const link =
      file === undefined ? undefined : html`<p class="note"><a href="${file}">${file}</a></p>`
    return html`<details class="log">
      <summary>
        <span class="node">${node}</span> ${name}
        <span class="dim">${lines} ${lines === 1 ? 'line' : 'lines'}</span>
      </summary>
      ${text.length > limit ? undefined : link}${textBlock(text, { label: `${name} of ${node}`, limit, file })}
    </details>`
  })
  return html`<section>
    <h4>Logs</h4>
    ${logs}
  </section>`
}
