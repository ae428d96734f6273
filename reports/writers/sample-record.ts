import type { HopRecord, RunRecord, ScenarioRecord } from '#reports/record/record.ts'
import { countVerdicts, verdictOfRun } from '#reports/record/verdict.ts'

/** A run as the sidecars topology leaves it, for tests: one claim that holds and one that fails. */
export function sampleRecord(change: Partial<RunRecord> = {}): RunRecord {
  const scenarios = change.scenarios ?? [
    sampleScenario(),
    sampleScenario({
      title: 'a stopped kong-b is never bypassed',
      verdict: 'failed',
      failures: [{ message: 'service-b saw a connection from kong-a', stack: 'at line 7' }],
      logs: [{ node: 'kong-a', name: 'error.log', text: 'connect() failed\n' }],
    }),
  ]
  const faults = change.faults ?? []
  const counts = countVerdicts(scenarios)
  return {
    version: 1,
    run: {
      id: '20261121-060000-000Z',
      startedAt: '2026-11-21T06:00:00.000Z',
      durationMs: 12_345,
      verdict: verdictOfRun(counts, faults),
      command: 'npm test',
      commit: '0123abc',
    },
    machine: { kernel: '6.18.44', node: '26.10.0', cpus: 2, firewall: 'nftables v1.0.6' },
    counts,
    topologies: [
      {
        name: 'sidecars',
        nodes: [
          node('service-a', 'service', '10.1.0.2'),
          node('kong-a', 'proxy', '10.0.0.3'),
          node('kong-b', 'proxy', '10.0.0.4'),
          node('service-b', 'service', '10.2.0.5'),
          node('control-plane', 'control-plane', '10.0.0.1'),
        ],
        links: [
          { name: 'a', between: ['service-a', 'kong-a'] },
          { name: 'mesh', between: ['kong-a', 'kong-b', 'control-plane'] },
          { name: 'b', between: ['kong-b', 'service-b'] },
        ],
      },
    ],
    units: [],
    faults,
    scenarios,
    ...change,
  }
}

export function sampleScenario(change: Partial<ScenarioRecord> = {}): ScenarioRecord {
  const file = 'scenarios/kong/tcp.scenario.ts'
  const suite = ['on sidecars']
  const title = change.title ?? 'a server that speaks first is heard at once'
  return {
    id: [file, ...suite, title].join(' > '),
    file,
    suite,
    title,
    topology: 'sidecars',
    verdict: 'passed',
    note: undefined,
    startedAt: '2026-11-21T06:00:01.000Z',
    durationMs: 210,
    attempts: 1,
    tags: [],
    failures: [],
    commands: [
      {
        node: 'service-a',
        argv: ['ncat', '--recv-only', '10.2.0.5', '19000'],
        exitCode: 0,
        stdout: 'Hello from Service B (TCP)\n',
        stderr: '',
        durationMs: 21,
      },
    ],
    hops: [hop('service-a', 'kong-a'), hop('kong-a', 'kong-b'), hop('kong-b', 'service-b')],
    logs: [],
    reproduce: ['npm test -- scenarios/kong/tcp.scenario.ts'],
    ...change,
  }
}

function hop(from: string, to: string): HopRecord {
  return {
    link: `${from}–${to}`,
    at: '2026-11-21T06:00:01.100Z',
    source: '10.1.0.2:40112',
    destination: '10.2.0.5:19000',
    from,
    to,
    payload: 'plaintext',
    serverName: undefined,
    bytesToServer: 0,
    bytesToClient: 27,
    outcome: 'closed',
  }
}

function node(
  name: string,
  kind: 'service' | 'proxy' | 'control-plane',
  address: string,
): RunRecord['topologies'][number]['nodes'][number] {
  return { name, kind, namespace: name, addresses: [address] }
}
