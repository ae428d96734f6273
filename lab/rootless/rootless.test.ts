import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fingerprint } from '#netns/fingerprint.ts'
import { projectRoot } from '#lab/run/home.ts'
import { runToEnd, type Ended } from '#lab/run/run-to-end.ts'
import { makePods } from '#lab/topology/pods.ts'
import { sidecars } from '#lab/topology/sidecars.ts'
import { evidenceVariable } from '#reports/record/scenario-log.ts'
import { findTcpConnections } from '#lab/probes/tcp-flows.ts'
import { parsePcap } from '#lab/probes/pcap.ts'

const nobody = 65_534
const timeoutMs = 240_000
const isRoot = process.geteuid?.() === 0

let home: string
/** Where the project is for the ordinary user: root's may be in a folder that nobody else can enter. */
let project: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'rootless-'))
  chmodSync(home, 0o755)
  mkdirSync(join(home, 'labs'))
  project = isRoot ? join(home, 'project') : projectRoot
  if (isRoot) {
    mkdirSync(project)
    for (const folder of [home, join(home, 'labs')]) chownSync(folder, nobody, nobody)
  }
})
afterAll(async () => {
  await run('down')
  rmSync(home, { recursive: true })
})

/** An ordinary user is one who is not root here, or whom root becomes. */
function asUser(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const become = `mount --bind "$0" "$1"; cd "$1"; shift
    exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups -- "$@"`
  const inShell = ['sh', '-euc', become, projectRoot, project]
  const asNobody = ['unshare', '--mount', '--propagation', 'private', ...inShell]
  return runToEnd([...(isRoot ? asNobody : ['env']), ...argv], {
    cwd: projectRoot,
    environment: { HOME: home, MESHYARD_HOME: join(home, 'labs'), ...environment },
  })
}

function run(...args: readonly string[]): Promise<Ended> {
  return asUser([join(project, 'lab/bin/meshyard'), ...args])
}

describe('an ordinary user', { timeout: timeoutMs }, () => {
  it('has a project that can be read', async () => {
    // Everything below says less clearly that it cannot.
    expect(await asUser(['test', '-r', join(project, 'package.json')])).toMatchObject({
      code: 0,
    })
    expect(await asUser(['id', '-u'])).not.toMatchObject({ stdout: '0\n' })
  })

  it('brings a lab up, captures a request through both proxies, enters it, and leaves nothing', async () => {
    const before = fingerprint()
    expect(await run('up', 'sidecars')).toMatchObject({ code: 0, stderr: '' })
    const status = JSON.parse((await run('ps', '-o', 'json')).stdout)
    expect(status).toMatchObject({ rules: 'installed' })
    expect(
      new Set(status.nodes.map(({ state }: { readonly state: string }) => state)),
    ).toStrictEqual(new Set(['idle', 'running']))

    const folder = join(home, 'labs/default')
    const capture = join(folder, 'mesh.pcap')
    const asked = await run('exec', 'kong-b', 'sh', '-ec', captured, 'sh', capture)
    expect(asked).toMatchObject({ code: 0 })
    const answer = await run(
      'exec',
      'service-a',
      'curl',
      '-sS',
      '-m',
      '20',
      'http://10.2.0.6:18000/',
    )
    expect(answer).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(answer.stdout)).toMatchObject({
      source: expect.stringMatching(/^10\.2\.0\.4:/),
    })
    expect(await run('exec', 'kong-b', 'sh', '-ec', endCapture, 'sh', capture)).toMatchObject({
      code: 0,
    })
    const { linkType, frames } = parsePcap(readFileSync(capture))
    const dialled = findTcpConnections(linkType, frames)
    // From sidecar to sidecar, with the destination that Service A dialled: no socket but a transparent one takes that.
    expect(dialled).toMatchObject([
      { client: { address: '10.0.0.3' }, server: { address: '10.2.0.6', port: 18_000 } },
    ])

    expect(await run('exec', 'service-a', 'id', '-u')).toMatchObject({ stdout: '0\n' })
    expect(await run('down')).toMatchObject({ code: 0, stdout: 'The lab default is down.\n' })
    expect(existsSync(folder)).toBe(false)
    expect(fingerprint()).toStrictEqual(before)
  })

  it('has pods whose sidecars keep addresses, breaks links and nodes of them, and has them as new after a reset', async () => {
    expect(await run('up', 'pods')).toMatchObject({ code: 0, stderr: '' })
    const ask = ['exec', 'service-a', 'curl', '-sS', '-m', '20', 'http://10.0.0.6:18000/'] as const
    const kept = { source: expect.stringMatching(/^10\.0\.0\.2:/) }
    expect(JSON.parse((await run(...ask)).stdout)).toMatchObject(kept)
    for (const [kind, ...rest] of [
      ['delay', 'mesh', '--ms', '20', '--from', 'kong-a'],
      ['loss', 'mesh', '--percent', '100'],
      ['clock', 'service-b', '+1h'],
      ['kill', 'kong-b'],
      ['store-down'],
    ]) {
      expect(await run('fault', kind ?? '', ...rest)).toMatchObject({ code: 0 })
    }
    const { code, stdout } = await run('reset')
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is as it was when it came up'),
    })
    expect(JSON.parse((await run(...ask)).stdout)).toMatchObject(kept)
    expect(await run('down')).toMatchObject({ code: 0 })
  })

  it('is told what takes root, and which setting forbids it where even namespaces do', async () => {
    const file = join(home, 'pods.json')
    writeFileSync(file, JSON.stringify(makePods({ exempt: 'uid' })))
    const before = fingerprint()
    expect(await run('up', file)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^Error: The topology pods tells the sidecar in \S+ from its service by its user, which needs root: an ordinary user's lab has one user\. Use "exempt": "mark" there, or run this with sudo\.\n$/,
      ),
    })
    // Before anything was made: no run folder, nothing that a lab takes.
    expect(readdirSync(join(home, 'labs'))).toStrictEqual([])
    expect(fingerprint()).toStrictEqual(before)
    // What it advises works.
    writeFileSync(file, JSON.stringify(makePods({ exempt: 'mark' })))
    expect(await run('up', file)).toMatchObject({ code: 0, stderr: '' })
    const asked = await run('exec', 'service-a', 'curl', '-s', 'http://10.0.0.6:18000/')
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('10.0.0.2') })
    expect(await run('down')).toMatchObject({ code: 0 })
    // A limit of a namespace above is as good as one of the machine.
    const limited =
      'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all "$@"'
    const meshyard = [join(project, 'lab/bin/meshyard'), 'up']
    const refused = await asUser([
      'unshare',
      '--user',
      '--map-root-user',
      'sh',
      '-c',
      limited,
      'sh',
      ...meshyard,
    ])
    expect(refused).toMatchObject({
      code: 1,
      stderr:
        'Error: This machine does not let this user make a user namespace (unshare: unshare failed: No space left on device): user.max_user_namespaces is 0.\nRun "sudo sysctl -w user.max_user_namespaces=15000", or the lab as root.\n',
    })
    expect(await run('down')).toMatchObject({ code: 0 })
  })

  it('has labs in a folder of their own where the project belongs to somebody else', async () => {
    const environment = { MESHYARD_HOME: '', XDG_STATE_HOME: join(home, 'state') }
    const meshyard = join(project, 'lab/bin/meshyard')
    const file = join(home, 'bare.json')
    writeFileSync(file, JSON.stringify({ ...sidecars, tryNext: [] }))
    const own = await asUser(['test', '-w', project])
    expect(await asUser([meshyard, 'up', file, '--bare'], environment)).toMatchObject({ code: 0 })
    const folder = own.code === 0 ? join(project, '.meshyard') : join(home, 'state/meshyard')
    expect(readdirSync(folder)).toContain('default')
    expect(await asUser([meshyard, 'down'], environment)).toMatchObject({ code: 0 })
    const nowhere = { MESHYARD_HOME: '/nowhere' }
    expect(await asUser([meshyard, 'up', file, '--bare'], nowhere)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cannot make the run folder /nowhere/default'),
    })
  })

  it(
    'proves a scenario from packets in a test process of their own',
    { timeout: 400_000 },
    async () => {
      const scenario = 'scenarios/kong/transparent-proxying/direct-and-meshed.scenario.ts'
      const report = join(home, 'report.json')
      const argv = [
        process.execPath.replace(projectRoot, project),
        join(project, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--configLoader=native',
        '--project=scenarios',
        '--reporter=json',
        `--outputFile=${report}`,
        '--testNamePattern=on (?:sidecars|pods)',
        scenario,
      ]
      // What it proves is not for the report of the run that this test is in, whose folder belongs to root.
      const { code, stdout, stderr } = await asUser(argv, { [evidenceVariable]: undefined })
      const faults = readFileSync(report, 'utf8').match(/"failureMessages":\["[^"]*"/g)
      expect({
        code,
        said: code === 0 ? '' : `${stdout}${stderr}${faults?.join('\n')}`,
      }).toStrictEqual({
        code: 0,
        said: '',
      })
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
      expect(numFailedTests).toBe(0)
      expect(numPassedTests).toBeGreaterThan(3)
    },
  )
})

/** Starts a capture that outlives the command, and waits until it listens. */
const captured = `
  setsid tcpdump -i up0 --immediate-mode -U -w "$1" tcp and dst 10.2.0.6 and src 10.0.0.3 or src 10.2.0.6 >"$1".log 2>&1 &
  echo $! >"$1".pid
  for _ in $(seq 500); do grep -q 'listening on' "$1".log && exit 0; sleep 0.02; done
  cat "$1".log >&2; exit 1`
const endCapture = `
  pid=$(cat "$1".pid); kill -INT $pid
  for _ in $(seq 500); do kill -0 $pid 2>/dev/null || exit 0; sleep 0.02; done; exit 1`
