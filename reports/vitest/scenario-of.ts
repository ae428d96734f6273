import type { TestCase, TestModule, TestSuite } from 'vitest/node'
import { joinEvidence, type Evidence } from '#reports/record/evidence.ts'
import type { ScenarioRecord, TopologyRecord } from '#reports/record/record.ts'
import { outcomeOf } from './outcome-of.ts'
import { commandForScenario } from './typed-command.ts'

export interface FoundScenario {
  readonly scenario: ScenarioRecord
  readonly topology: TopologyRecord | undefined
  /** Evidence that could not be read. */
  readonly faults: readonly string[]
}

/** A test as a scenario, with the evidence of its own, its suites and its file. */
export function scenarioOf(
  test: TestCase,
  options: { readonly root: string; readonly evidence: (taskId: string) => Evidence },
): FoundScenario {
  const owners = ownersOf(test)
  const evidence = joinEvidence([...owners, test].map(({ id }) => options.evidence(id)))
  const file = test.module.relativeModuleId
  const suite = suiteTitles(test)
  const diagnostic = test.diagnostic()
  return {
    scenario: {
      id: [file, ...suite, test.name].join(' > '),
      file,
      suite,
      title: test.name,
      topology: evidence.topology?.name,
      ...outcomeOf(test, options.root),
      startedAt:
        diagnostic === undefined ? undefined : new Date(diagnostic.startTime).toISOString(),
      durationMs: diagnostic?.duration ?? 0,
      attempts: diagnostic === undefined ? 0 : diagnostic.retryCount + 1,
      tags: test.tags,
      commands: evidence.commands,
      hops: evidence.hops,
      captures: evidence.captures,
      logs: evidence.logs,
      ledger: evidence.ledger,
      reproduce: [commandForScenario(file, suite, test.name)],
    },
    topology: evidence.topology,
    faults: evidence.faults,
  }
}

/** Titles of the suites around a test, outermost first. */
export function suiteTitles(test: TestCase): readonly string[] {
  return ownersOf(test).flatMap((owner) => (owner.type === 'suite' ? [owner.name] : []))
}

function ownersOf(test: TestCase): readonly (TestModule | TestSuite)[] {
  const owners: (TestModule | TestSuite)[] = []
  let owner: TestModule | TestSuite = test.parent
  while (owner.type === 'suite') {
    owners.unshift(owner)
    owner = owner.parent
  }
  return [owner, ...owners]
}
