import type {
  FailureRecord,
  RunRecord,
  ScenarioRecord,
  UnitRecord,
} from '#reports/record/record.ts'
import { quote } from '#reports/record/shell-quote.ts'
import { attachesLogs, attachmentPath, attachmentsOf } from './attachments.ts'
import type { ReportWriter } from './writer.ts'
import { explainBalance } from './html/ledger.ts'
import { element, type XmlElement, renderXml } from './xml.ts'

/**
 * `junit.xml`, as Maven Surefire writes it and CI servers read it: a suite for each file, a case for each test. An unknown
 * verdict is an `error`; a fault outside any test is a case of its own, so a broken set-up is never an empty report.
 */
export const junitWriter: ReportWriter = {
  render: (record, { folder }) => [
    { path: 'junit.xml', content: renderXml(suites(record, folder)) },
    ...attachmentsOf(record),
  ],
}

interface Case {
  readonly test: ScenarioRecord | UnitRecord
  readonly output: string
}

function suites(record: RunRecord, folder: string): XmlElement {
  const cases = [
    ...record.scenarios.map((test) => ({ test, output: scenarioOutput(test, folder) })),
    ...record.units.map((test) => ({ test, output: '' })),
  ]
  const files = [...Map.groupBy(cases, ({ test }) => test.file)]
  return element(
    'testsuites',
    {
      name: 'meshyard',
      tests: String(cases.length + record.faults.length),
      failures: String(record.counts.failed),
      errors: String(record.counts.unknown + record.faults.length),
      skipped: String(record.counts.skipped),
      time: seconds(record.run.durationMs),
      timestamp: record.run.startedAt,
    },
    [
      ...(record.faults.length > 0 ? [faultSuite(record)] : []),
      ...files.map(([file, inFile]) => suite(record, file, inFile)),
    ],
  )
}

function suite(record: RunRecord, file: string, cases: readonly Case[]): XmlElement {
  const count = (verdict: string): string =>
    String(cases.filter(({ test }) => test.verdict === verdict).length)
  return element(
    'testsuite',
    {
      name: file,
      tests: String(cases.length),
      failures: count('failed'),
      errors: count('unknown'),
      skipped: count('skipped'),
      time: seconds(cases.reduce((total, { test }) => total + test.durationMs, 0)),
      timestamp: record.run.startedAt,
    },
    [properties(record), ...cases.map(testCase)],
  )
}

function properties({ run, machine }: RunRecord): XmlElement {
  const values = {
    run: run.id,
    command: run.command,
    commit: run.commit,
    kernel: machine.kernel,
    node: machine.node,
    firewall: machine.firewall,
  }
  return element(
    'properties',
    {},
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [element('property', { name, value })],
    ),
  )
}

function faultSuite({ faults, run }: RunRecord): XmlElement {
  const counts = { tests: String(faults.length), errors: String(faults.length) }
  return element(
    'testsuite',
    {
      name: 'outside any test',
      ...counts,
      failures: '0',
      skipped: '0',
      time: '0.000',
      timestamp: run.startedAt,
    },
    faults.map((fault, index) =>
      element(
        'testcase',
        { name: `fault ${index + 1}`, classname: 'outside any test', time: '0.000' },
        [element('error', { message: firstLine(fault), type: 'fault' }, [fault])],
      ),
    ),
  )
}

function testCase({ test, output }: Case): XmlElement {
  return element(
    'testcase',
    {
      name: [...test.suite, test.title].join(' > '),
      classname: test.file,
      file: test.file,
      time: seconds(test.durationMs),
    },
    [...verdictElements(test), ...(output === '' ? [] : [element('system-out', {}, [output])])],
  )
}

function verdictElements(test: ScenarioRecord | UnitRecord): readonly XmlElement[] {
  const { failures, note } = test
  switch (test.verdict) {
    case 'passed':
      // Surefire's word for a test that passed when it was run again.
      return failures.map((failure) =>
        element('flakyFailure', attributesOf(failure), [
          element('stackTrace', {}, [textOf(failure)]),
        ]),
      )
    case 'skipped':
      return [element('skipped', note === undefined ? {} : { message: note })]
    case 'failed':
      return failures.map((failure) => element('failure', attributesOf(failure), [textOf(failure)]))
    case 'unknown':
      return [
        element('error', { message: note ?? 'no verdict', type: 'unknown' }, [
          failures.map(textOf).join('\n\n'),
        ]),
      ]
  }
}

function attributesOf({ message }: FailureRecord): Readonly<Record<string, string>> {
  const type = /^\w+(?=: )/.exec(message)?.[0] ?? 'Error'
  return { message: firstLine(message), type }
}

function textOf({ message, stack }: FailureRecord): string {
  return stack === undefined ? message : `${message}\n${stack}`
}

/** Commands and, as Jenkins and GitLab understand it, the logs as attachments: of scenarios that did not pass only. */
function scenarioOutput(scenario: ScenarioRecord, folder: string): string {
  if (!attachesLogs(scenario)) return ''
  const commands = scenario.commands.flatMap(({ node, argv, exitCode, stdout, stderr }) => [
    `${node}$ ${argv.map(quote).join(' ')}`,
    ...[stdout, stderr].filter((text) => text !== '').map((text) => text.trimEnd()),
    `exit code ${exitCode ?? 'none'}`,
  ])
  const attachments = scenario.logs.map(
    (log) => `[[ATTACHMENT|${folder}/${attachmentPath(log.text)}]]`,
  )
  const { ledger } = scenario
  const balance =
    ledger === undefined
      ? []
      : [explainBalance(ledger), ...ledger.imbalances.map((text) => `  ${text}`)]
  return [...commands, ...balance, ...scenario.reproduce, ...new Set(attachments)].join('\n')
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
