import { securityOf } from '#reports/record/hop-security.ts'
import type { CommandRecord, HopRecord, RunRecord, ScenarioRecord } from '#reports/record/record.ts'
import type {
  ComparedRun,
  Comparison,
  DifferenceKind,
  ScenarioDifference,
  ScenarioSide,
} from './comparison.ts'

export interface CompareOptions {
  /** What the runs are called. Default: their ids. */
  readonly labels?: readonly string[]
}

/** A scenario is slower only by more than this: less comes and goes by itself. */
const slowerByMs = 100
const slowerBy = 1.2

/** Compares two runs, scenario by scenario; what no run can repeat, such as ports and times, is left out of it. */
export function compareRuns(
  before: RunRecord,
  after: RunRecord,
  { labels = [] }: CompareOptions = {},
): Comparison {
  const earlier = new Map(before.scenarios.map((scenario) => [scenario.id, scenario]))
  const later = new Map(after.scenarios.map((scenario) => [scenario.id, scenario]))
  const ids = new Set([...earlier.keys(), ...later.keys()])
  const isOfStore = storeTraffic([...before.topologies, ...after.topologies])
  const differences = Array.from(ids, (id) =>
    compareScenario(id, [earlier.get(id), later.get(id)], (hop) => !isOfStore(hop)),
  )
  return {
    runs: [describeRun(before, labels[0]), describeRun(after, labels[1])],
    scenarios: differences.filter(({ kinds }) => kinds.length > 0),
    compared: Array.from(ids).filter((id) => earlier.has(id) && later.has(id)).length,
  }
}

function describeRun({ run }: RunRecord, label = run.id): ComparedRun {
  return { label, id: run.id, verdict: run.verdict, durationMs: run.durationMs }
}

function compareScenario(
  id: string,
  [before, after]: readonly [ScenarioRecord | undefined, ScenarioRecord | undefined],
  counts: (hop: HopRecord) => boolean,
): ScenarioDifference {
  const common = { id, before: before && sideOf(before), after: after && sideOf(after) }
  if (before === undefined) return { ...common, kinds: ['new'], lines: [] }
  if (after === undefined) return { ...common, kinds: ['missing'], lines: [] }
  const hops = compareLines(
    before.hops.filter(counts).map(renderHop),
    after.hops.filter(counts).map(renderHop),
  )
  const answers = compareAnswers(before.commands, after.commands)
  const isSlower =
    after.durationMs > before.durationMs * slowerBy &&
    after.durationMs - before.durationMs > slowerByMs
  const kinds: readonly DifferenceKind[] = [
    ...verdictKinds(before, after),
    ...(isSlower ? (['slower'] as const) : []),
    ...(hops.length > 0 ? (['hops'] as const) : []),
    ...(answers.length > 0 ? (['answers'] as const) : []),
  ]
  return { ...common, kinds, lines: [...hops, ...answers] }
}

/**
 * How proxies hear of what they are to do is theirs: some ask a store for it, others read a file, and others yet are asked
 * at their door whether they have heard.
 */
function storeTraffic(topologies: RunRecord['topologies']): (hop: HopRecord) => boolean {
  const nodes = topologies.flatMap((topology) => topology.nodes)
  const isOf = (name: string | undefined, kind: string): boolean =>
    nodes.some((node) => node.name === name && node.kind === kind)
  return ({ from, to }) =>
    (isOf(from, 'proxy') && isOf(to, 'control-plane')) ||
    (isOf(from, 'control-plane') && isOf(to, 'proxy'))
}

function verdictKinds(before: ScenarioRecord, after: ScenarioRecord): readonly DifferenceKind[] {
  if (before.verdict === after.verdict) return []
  if (after.verdict === 'failed') return ['failing']
  if (before.verdict === 'failed' && after.verdict === 'passed') return ['fixed']
  return ['verdict']
}

function sideOf({ verdict, durationMs, failures, note }: ScenarioRecord): ScenarioSide {
  const [failure] = failures
  const because = verdict === 'passed' ? undefined : (failure?.message ?? note)
  return { verdict, durationMs, because: because?.split('\n', 1)[0] }
}

/** Without ports that the kernel chose, and what depends on time. */
function renderHop(hop: HopRecord): string {
  const { link, from, source, to, destination, tls, serverName, outcome } = hop
  const security = securityOf(hop)
  const words = [
    `${link}: ${from ?? source.replace(/:\d+$/, '')} → ${to ?? '?'} (${destination})`,
    security,
    ...(tls?.version === undefined ? [] : [tls.version]),
    ...(tls?.alpn === undefined ? [] : [normalise(tls.alpn)]),
    ...(serverName === undefined ? [] : [`SNI ${serverName}`]),
    // How one that was answered ended is chance: a client that has all may leave before the server does.
    ...(outcome === 'refused' || outcome === 'unanswered' ? [outcome] : []),
  ]
  return words.join(', ')
}

/** Line by line where both asked the same, in whatever order. */
function compareAnswers(
  before: readonly CommandRecord[],
  after: readonly CommandRecord[],
): readonly string[] {
  const earlier = Map.groupBy(before, renderCommand)
  const later = Map.groupBy(after, renderCommand)
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((command) => {
    const [first, second] = [earlier.get(command) ?? [], later.get(command) ?? []]
    if (first.length !== second.length) {
      const [sign, times] =
        first.length > second.length
          ? ['-', first.length - second.length]
          : ['+', second.length - first.length]
      return [`${sign} ${command} (${times} times)`]
    }
    const lines = compareLines(first.flatMap(answerLines), second.flatMap(answerLines))
    return lines.length === 0 ? [] : [`  ${command}`, ...lines]
  })
}

function renderCommand({ node, argv }: CommandRecord): string {
  return normalise(`${node}: ${argv.join(' ')}`)
}

function answerLines({ exitCode, stdout }: CommandRecord): readonly string[] {
  return [`exit code ${exitCode}`, ...normalise(stdout).split('\n')]
}

/** What differs between any two runs says nothing about these two. */
function normalise(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>')
    .replaceAll(/(service-mesh\/1\/)[\w+/=]+/g, '$1<authority>')
    .replaceAll(/\bcanary[\da-f]{32}/g, '<canary>')
    .replaceAll(/\b[0-9a-f]{16,}\b/gi, '<hex>')
    .replaceAll(/\blab-[0-9a-f]{8}\b/g, '<lab>')
    .replaceAll(/\b\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, '<date>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/(\d+\.\d+\.\d+\.\d+):\d{5}\b/g, '$1:<port>')
    .replaceAll(
      /("(?:remotePort|port|created_at|updated_at|time\w*|\w*latency|duration\w*)":\s*)\d+(?:\.\d+)?/gi,
      '$1<n>',
    )
    .replaceAll(/(-latency: )\d+/gi, '$1<n>')
}

/** As many times as each is there. */
function compareLines(before: readonly string[], after: readonly string[]): readonly string[] {
  return [
    ...surplus(before, after).map((line) => `- ${line}`),
    ...surplus(after, before).map((line) => `+ ${line}`),
  ]
}

function surplus(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1)
  return lines.filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}
