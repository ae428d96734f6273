import type { TestModule } from 'vitest/node'
import type { Counts, RunRecord, ScenarioRecord, TopologyRecord } from '#reports/record/record.ts'
import { readEvidence, type Evidence } from '#reports/record/evidence.ts'
import { countVerdicts, verdictOfRun } from '#reports/record/verdict.ts'
import { errorText } from './failure.ts'
import { scenarioOf, type FoundScenario } from './scenario-of.ts'
import { unitOf } from './unit-of.ts'

/** What a finished or interrupted run is made of. */
export interface RunFacts {
  readonly id: string
  /** The project's root; paths in the record are relative to it. */
  readonly root: string
  /** The folder of evidence files. */
  readonly evidence: string
  readonly startedAt: Date
  readonly endedAt: Date
  readonly modules: readonly TestModule[]
  /** Faults outside any file. */
  readonly errors: readonly string[]
  readonly command: string
  readonly commit: string | undefined
  readonly machine: RunRecord['machine']
}

/** Turns vitest's results and the evidence of scenarios into a record. Files named `*.scenario.ts` hold scenarios. */
export function collectRunRecord(facts: RunFacts): RunRecord {
  const { modules, root } = facts
  const scenarioModules = modules.filter(isScenarioModule)
  const evidence = (taskId: string): Evidence => readEvidence(facts.evidence, taskId)
  const found = scenarioModules.flatMap((module) =>
    Array.from(module.children.allTests(), (test) => scenarioOf(test, { root, evidence })),
  )
  const scenarios = withUniqueIds(found.map(({ scenario }) => scenario))
  const units = modules
    .filter((module) => !isScenarioModule(module))
    .flatMap((module) => Array.from(module.children.allTests(), (test) => unitOf(test, root)))
  const counts = countVerdicts([...scenarios, ...units])
  const faults = [
    ...facts.errors,
    ...modules.flatMap(faultsOfModule),
    ...found.flatMap(({ scenario, faults: unreadable }) =>
      unreadable.map((fault) => `${scenario.id}: ${fault}`),
    ),
    ...faultOfEmptyRun(counts),
  ]
  return {
    version: 1,
    run: {
      id: facts.id,
      startedAt: facts.startedAt.toISOString(),
      durationMs: facts.endedAt.getTime() - facts.startedAt.getTime(),
      verdict: verdictOfRun(counts, faults),
      command: facts.command,
      commit: facts.commit,
    },
    machine: facts.machine,
    counts,
    topologies: topologiesOf(found),
    scenarios,
    units,
    faults,
  }
}

function isScenarioModule(module: TestModule): boolean {
  return module.relativeModuleId.endsWith('.scenario.ts')
}

/** Errors that belong to no test: a file that cannot be loaded, a hook of a file or suite, a file that never ran. */
function faultsOfModule(module: TestModule): readonly string[] {
  const place = module.relativeModuleId
  const errors = module.errors().map((error) => `${place}: ${errorText(error)}`)
  const suiteErrors = Array.from(module.children.allSuites()).flatMap((suite) =>
    suite.errors().map((error) => `${place} > ${suite.fullName}: ${errorText(error)}`),
  )
  const neverRan = module.state() === 'queued' ? [`${place}: did not run.`] : []
  return [...errors, ...suiteErrors, ...neverRan]
}

/** Each topology once. One that changed its shape under the same name keeps the newest. */
function topologiesOf(found: readonly FoundScenario[]): readonly TopologyRecord[] {
  const named = found.flatMap(({ topology }) =>
    topology === undefined ? [] : [[topology.name, topology] as const],
  )
  return [...new Map(named).values()]
}

function withUniqueIds(scenarios: readonly ScenarioRecord[]): readonly ScenarioRecord[] {
  const seen = new Map<string, number>()
  return scenarios.map((scenario) => {
    const count = (seen.get(scenario.id) ?? 0) + 1
    seen.set(scenario.id, count)
    return count === 1 ? scenario : { ...scenario, id: `${scenario.id} #${count}` }
  })
}

/** A run in which no test ran proves nothing, whatever filter or set-up made it so. */
function faultOfEmptyRun(counts: Counts): readonly string[] {
  if (counts.passed + counts.failed + counts.unknown > 0) return []
  return counts.skipped === 0
    ? ['No test ran: none was found, or a global set-up failed (the output above tells).']
    : [`No test ran; ${counts.skipped} skipped.`]
}
