import type {
  CertificateRecord,
  HopRecord,
  LedgerEntryRecord,
  LedgerRecord,
  RunRecord,
  ScenarioRecord,
  TlsRecord,
  TopologyRecord,
  UnitRecord,
} from '#reports/record/record.ts'
import { countVerdicts, verdictOfRun } from '#reports/record/verdict.ts'

/** A run over both built-in topologies with every verdict in it, for tests. */
export function sampleRecord(change: Partial<RunRecord> = {}): RunRecord {
  const scenarios = change.scenarios ?? sampleScenarios()
  const units = change.units ?? [sampleUnit(), sampleUnit({ title: 'refuses an empty host' })]
  const faults = change.faults ?? []
  const counts = countVerdicts([...scenarios, ...units])
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
    machine: { kernel: '6.18.44', node: 'v26.10.0', cpus: 2, firewall: 'iptables v1.8.9' },
    counts,
    topologies: [sidecars, tutorial],
    scenarios,
    units,
    faults,
    ...change,
  }
}

function sampleScenarios(): readonly ScenarioRecord[] {
  return [
    sampleScenario(),
    sampleScenario({
      title: 'TLS reaches Service B through both proxies',
      hops: meshed({ payload: 'tls', serverName: 'service-b.test', bytesToServer: 1_840 }),
    }),
    sampleScenario({
      title: 'a stopped kong-b is never bypassed',
      verdict: 'failed',
      failures: [
        {
          message: 'service-b saw a connection from kong-a\n\n- 0\n+ 1',
          stack: 'at bypass (scenarios/kong/tcp.scenario.ts:41:7)',
        },
      ],
      hops: [
        hop('a', 'service-a', { atMs: 100 }),
        hop('mesh', 'kong-a', { atMs: 102, outcome: 'refused', payload: 'none', bytesToClient: 0 }),
        hop('mesh', 'kong-a', { atMs: 105, source: '10.0.0.3:40002' }),
        hop('b', 'kong-a', { atMs: 105, source: '10.0.0.3:40002' }),
      ],
      logs: [
        { node: 'kong-a', name: 'error.log', text: 'connect() failed (111)\nsetting address\n' },
        { node: 'service-b', name: 'tcp.log', text: 'Ncat: Connection from 10.0.0.3.\n' },
      ],
    }),
    sampleScenario({
      title: 'the control plane carries no traffic of services',
      verdict: 'unknown',
      note: 'tcpdump did not start: no packets of link mesh were seen',
      failures: [{ message: 'UnknownVerdict: tcpdump did not start', stack: undefined }],
      hops: [],
    }),
    sampleScenario({
      title: 'IPv6 reaches Service B through both proxies',
      verdict: 'skipped',
      note: 'this kernel has no IPv6',
      hops: [],
      commands: [],
    }),
    sampleScenario({
      topology: 'tutorial',
      suite: ['on tutorial'],
      attempts: 2,
      failures: [{ message: 'expected one leg to be seen, saw none', stack: undefined }],
      hops: [
        hop('lo', 'service-a'),
        hop('lo', 'kong-a', { atMs: 101 }),
        hop('lo', 'kong-b', { atMs: 102 }),
      ],
    }),
  ]
}

export function sampleScenario(change: Partial<ScenarioRecord> = {}): ScenarioRecord {
  const file = 'scenarios/kong/tcp.scenario.ts'
  const suite = change.suite ?? ['on sidecars']
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
    hops: meshed(),
    captures: [],
    logs: [],
    ledger: undefined,
    reproduce: [`npm run scenarios -- ${file} -t '^on sidecars ${title}$'`],
    ...change,
  }
}

/** Failed, with hops in mutual TLS, in ordinary TLS and in TLS that cannot be read. */
export function tlsScenario(): ScenarioRecord {
  return sampleScenario({
    title: 'the nodes of a cluster know each other',
    verdict: 'failed',
    failures: [{ message: 'kong-b to service-b: not mutual', stack: undefined }],
    captures: ['captures/kong-tls-on-sidecars.pcapng'],
    hops: [
      hop('mesh', 'kong-a', {
        payload: 'tls',
        tls: sampleTls(),
        packets: { first: 7, last: 31 },
      }),
      hop('b', 'kong-b', {
        atMs: 104,
        payload: 'tls',
        tls: sampleTls({ alpn: undefined, clientCertificate: undefined }),
      }),
      hop('a', 'service-a', {
        atMs: 99,
        payload: 'tls',
        tls: sampleTls({ readable: false, established: undefined }),
      }),
    ],
  })
}

function sampleTls(change: Partial<TlsRecord> = {}): TlsRecord {
  return {
    version: 'TLS 1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    offeredAlpn: ['mesh/1', 'http/1.1'],
    alpn: 'mesh/1',
    readable: true,
    resumed: false,
    established: true,
    alert: undefined,
    serverCertificate: certificate('kong-node-b'),
    clientCertificate: certificate('kong-node-a'),
    ...change,
  }
}

function certificate(name: string): CertificateRecord {
  return {
    subject: `CN=${name}`,
    issuer: 'CN=kong-cluster-1',
    fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
    proven: true,
  }
}

/** One request that balances and, unless the books balance, one that the log of kong-b lacks. */
export function sampleLedger(verdict: LedgerRecord['verdict'] = 'balanced'): LedgerRecord {
  const ids = ['canary-one', ...(verdict === 'balanced' ? [] : ['canary-two'])]
  return {
    verdict,
    total: ids.length,
    requests: ids.map((id, index) => ({
      id,
      sent: `command ${index + 1}, curl on service-a`,
      entries: [
        sampleEntry('service-a to kong-a', 'packets', `packet ${index + 4} on a`),
        sampleEntry('the log of kong-a', 'log', `line ${index + 1} of access.log of kong-a`),
        sampleEntry('kong-a to kong-b', 'packets', `packet ${index + 9} on mesh`),
        index === 0
          ? sampleEntry('the log of kong-b', 'log', 'line 1 of access.log of kong-b')
          : { book: 'the log of kong-b', proof: 'log', times: 0, where: [], balanced: false },
      ],
    })),
    imbalances:
      verdict === 'balanced' ? [] : ['canary-two: the log of kong-b has it 0 times instead of 1'],
  }
}

function sampleEntry(book: string, proof: 'packets' | 'log', where: string): LedgerEntryRecord {
  return { book, proof, times: 1, where: [where], balanced: true }
}

export function sampleUnit(change: Partial<UnitRecord> = {}): UnitRecord {
  return {
    file: 'core/dataplane/http/choose-http-route.test.ts',
    suite: ['chooseHttpRoute'],
    title: 'prefers the longer path',
    verdict: 'passed',
    note: undefined,
    durationMs: 2.5,
    failures: [],
    ...change,
  }
}

function meshed(change: Partial<HopRecord> = {}): readonly HopRecord[] {
  return [
    hop('a', 'service-a', { atMs: 100, ...change }),
    hop('mesh', 'kong-a', { atMs: 101, ...change }),
    hop('b', 'kong-b', { atMs: 103, ...change }),
  ]
}

/** Every hop is dialled for Service B, as TPROXY has it. */
function hop(
  link: string,
  from: string,
  { atMs = 100, ...change }: Partial<HopRecord> & { readonly atMs?: number } = {},
): HopRecord {
  const address = { 'service-a': '10.1.0.2', 'kong-a': '10.0.0.3' }[from] ?? '10.2.0.4'
  return {
    link,
    at: new Date(Date.UTC(2026, 10, 21, 6, 0, 1, atMs)).toISOString(),
    source: `${address}:40001`,
    destination: '10.2.0.5:19000',
    from,
    to: 'service-b',
    payload: 'plaintext',
    serverName: undefined,
    tls: undefined,
    packets: undefined,
    bytesToServer: 0,
    bytesToClient: 27,
    outcome: 'closed',
    ...change,
  }
}

const links: TopologyRecord['links'] = [
  { name: 'a', between: ['service-a', 'kong-a'] },
  { name: 'mesh', between: ['kong-a', 'kong-b', 'control-plane'] },
  { name: 'b', between: ['kong-b', 'service-b'] },
]

const sidecars: TopologyRecord = {
  name: 'sidecars',
  nodes: [
    node('service-a', 'service', ['10.1.0.2/24', 'fd00:1::2/64']),
    node('kong-a', 'proxy', ['10.1.0.3/24', '10.0.0.3/24', 'fd00:1::3/64', 'fd00:0::3/64']),
    node('kong-b', 'proxy', ['10.0.0.4/24', '10.2.0.4/24', 'fd00:2::4/64', 'fd00:0::4/64']),
    node('service-b', 'service', ['10.2.0.5/24', 'fd00:2::5/64']),
    node('control-plane', 'control-plane', ['10.0.0.1/24']),
  ],
  links,
}

const tutorial: TopologyRecord = {
  name: 'tutorial',
  nodes: sidecars.nodes.map((member, index) => ({
    ...member,
    namespace: 'tutorial',
    addresses: [`127.0.0.${[2, 3, 4, 5, 1][index]}`],
  })),
  links: [{ name: 'lo', between: sidecars.nodes.map(({ name }) => name) }],
}

function node(
  name: string,
  kind: 'service' | 'proxy' | 'control-plane',
  addresses: readonly string[],
): TopologyRecord['nodes'][number] {
  return { name, kind, namespace: name, addresses }
}
