import type {
  HopRecord,
  RunRecord,
  ScenarioRecord,
  UnitRecord,
  Verdict,
} from '#reports/record/record.ts'
import { countVerdicts, verdicts } from '#reports/record/verdict.ts'
import { explainBalance } from './html/ledger.ts'
import { endsOf, explainOutcome, explainPayload, explainTls } from './html/hop-words.ts'
import { renderDuration } from './duration.ts'
import type { ReportWriter } from './writer.ts'

/** CI servers cut or refuse long summaries; what is left out stands in the other formats. */
const longestList = 30
const longestMessage = 2_000

const marks: Readonly<Record<Verdict, string>> = {
  passed: '✅',
  failed: '❌',
  unknown: '❔',
  skipped: '⏭️',
}

/** `summary.md`, for the job summary of a CI server: counts, faults, and what did not pass with its reason. */
export const markdownWriter: ReportWriter = {
  render: (record) => [{ path: 'summary.md', content: renderSummary(record) }],
}

function renderSummary(record: RunRecord): string {
  const { run, machine } = record
  const bad = [...record.scenarios, ...record.units].filter(
    ({ verdict }) => verdict === 'failed' || verdict === 'unknown',
  )
  const facts = [
    `run ${code(run.id)}`,
    renderDuration(run.durationMs),
    ...(run.commit === undefined ? [] : [`commit ${code(run.commit)}`]),
    inline(`Linux ${machine.kernel}`),
    inline(`Node ${machine.node}`),
  ]
  return `${[
    `## ${marks[run.verdict]} Meshyard: ${run.verdict}`,
    facts.join(' · '),
    countsTable(record),
    ...section('Outside any test', record.faults, fenced),
    ...section('Did not pass', bad, renderBad),
    `Run again: ${code(run.command)}`,
  ].join('\n\n')}\n`
}

function countsTable(record: RunRecord): string {
  return [
    `| | ${verdicts.map((verdict) => `${marks[verdict]} ${verdict}`).join(' | ')} |`,
    `|---|${verdicts.map(() => '--:').join('|')}|`,
    countsRow('scenarios', record.scenarios),
    countsRow('unit tests', record.units),
  ].join('\n')
}

function countsRow(name: string, tests: readonly { readonly verdict: Verdict }[]): string {
  const counts = countVerdicts(tests)
  return `| ${name} | ${verdicts.map((verdict) => counts[verdict]).join(' | ')} |`
}

function section<item>(
  title: string,
  items: readonly item[],
  render: (item: item) => string,
): readonly string[] {
  if (items.length === 0) return []
  const left = items.length - longestList
  return [
    `### ${title}`,
    ...items.slice(0, longestList).map(render),
    ...(left > 0 ? [`… and ${left} more, in \`index.html\`.`] : []),
  ]
}

function renderBad(test: ScenarioRecord | UnitRecord): string {
  const where =
    'topology' in test && test.topology !== undefined ? ` (${inline(test.topology)})` : ''
  const name = [...test.suite, test.title].join(' > ')
  const reason = test.failures[0]?.message ?? test.note ?? ''
  const lines = [`${marks[test.verdict]} **${inline(name)}**${where}<br>${code(test.file)}`]
  const ledger = 'ledger' in test ? test.ledger : undefined
  const hops = 'hops' in test ? test.hops.slice(0, longestList).map(renderHop) : []
  return [
    ...lines,
    ...(reason === '' ? [] : [fenced(reason)]),
    ...(ledger === undefined ? [] : [inline(explainBalance(ledger))]),
    ...(hops.length === 0 ? [] : [hops.join('\n')]),
  ].join('\n\n')
}

/** One item of a list: what the packets of a connection on a link were. */
function renderHop(hop: HopRecord): string {
  const [from, to] = endsOf(hop)
  const packets = hop.packets && `packets ${hop.packets.first}–${hop.packets.last}`
  const facts = [explainPayload(hop), ...explainTls(hop), explainOutcome(hop), packets]
  const said = facts.filter((fact) => fact !== undefined).map(inline)
  return `* ${inline(from)} → ${inline(to)} on ${inline(hop.link)}: ${said.join(', ')}`
}

/** A code block whose fence no line of the text can close. */
function fenced(text: string): string {
  const shown = text.length > longestMessage ? `${text.slice(0, longestMessage)}\n[…]` : text
  const longest = Math.max(2, ...Array.from(shown.matchAll(/`+/g), ([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${shown}\n${fence}`
}

function code(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length))
  const ticks = '`'.repeat(longest + 1)
  const padding = longest > 0 ? ' ' : ''
  return `${ticks}${padding}${text.replaceAll(/\s+/g, ' ')}${padding}${ticks}`
}

/** Text in which no character means anything to Markdown. */
function inline(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_{}[\]()#+\-.!|~>]/g, String.raw`\$&`)
}
