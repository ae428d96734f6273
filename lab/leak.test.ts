import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fingerprint } from '#netns/fingerprint.ts'
import { abandonedPlaces, campaignPlaces } from './leaks/campaign-places.ts'
import { groupOf, whyNoMemoryGroup } from './leaks/memory-group.ts'
import { harms } from './leaks/moments.ts'
import { projectRoot } from './run/home.ts'
import { processesWorkingIn } from './run/processes-working-in.ts'
import { runToEnd, type Ended } from './run/run-to-end.ts'

/** Two services on a link, one of them behind rules: a lab in a quarter of the time of a whole mesh. */
const topology = {
  name: 'small',
  namespaces: [{ name: 'client' }, { name: 'server' }],
  links: [
    {
      kind: 'veth',
      name: 'link',
      ends: [
        { namespace: 'client', interface: 'eth0', addresses: ['10.1.0.2/24'] },
        { namespace: 'server', interface: 'eth0', addresses: ['10.1.0.3/24'] },
      ],
    },
  ],
  nodes: [
    { name: 'client', kind: 'service', namespace: 'client' },
    {
      name: 'server',
      kind: 'service',
      namespace: 'server',
      processes: [{ kind: 'ncat', name: 'tcp', address: '10.1.0.3', port: 7, answer: 'hello' }],
    },
  ],
  interception: [
    {
      kind: 'path',
      namespace: 'server',
      inputInterface: 'eth0',
      destinations: ['10.2.0.0/24'],
      ports: [{ port: 8, listener: 9 }],
    },
  ],
  tryNext: ['client ncat --recv-only 10.1.0.3 7'],
}

let home: string
/** Of campaigns before this one, or beside it. */
let others: readonly string[]
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'leak-'))
  others = campaignPlaces()
})
afterAll(() => {
  rmSync(home, { recursive: true })
})

function run(argv: readonly string[]): Promise<Ended> {
  return runToEnd(argv, { environment: { MESHYARD_HOME: home } })
}

function write(name: string, content: unknown): string {
  const file = join(home, name)
  writeFileSync(file, JSON.stringify(content))
  return file
}

describe('harm to a lab', () => {
  const campaign = (...args: readonly string[]): Promise<Ended> =>
    run([process.execPath, join(projectRoot, 'lab/leaks/main.ts'), ...args])
  it(
    'leaves nothing on the machine, whatever it is and whenever it comes',
    { timeout: 900_000 },
    async () => {
      const before = fingerprint()
      const file = write('small.json', topology)
      const args = ['--backend', 'namespaces', '--moments', '45', '--topology', file]
      const { code, stdout, stderr } = await campaign(...args)
      expect({ code, told: code === 0 ? '' : `${stdout}${stderr}` }).toStrictEqual({
        code: 0,
        told: '',
      })
      const refusal = await whyNoMemoryGroup(groupOf(`leak-${process.pid}`))
      const done = harms.filter((harm) => harm !== 'node killed for memory' || !refusal)
      for (const harm of done) {
        expect(stdout).toMatch(
          new RegExp(String.raw`^${harm} +up \d, run \d, down \d; .*nothing left$`, 'm'),
        )
      }
      if (refusal !== undefined) expect(stdout).toMatch(/^node killed for memory +not done: /m)
      expect(stdout).toMatch(
        /^Moments: \d+ \(up \d+, run \d+, down \d+\) on namespaces, seed 1; nothing left of any\.\n$/m,
      )
      // Most moments have to fall into the life of a lab, or nothing was shown.
      const seen = stdout.matchAll(/a lab was there in (\d+)/g)
      expect(
        Array.from(seen, ([, count]) => Number(count)).reduce((a, b) => a + b),
      ).toBeGreaterThan(20)
      expect(stdout).toMatch(/^Left on purpose and seen: .*mounts.*files.*processes, namespaces/m)
      expect(fingerprint()).toStrictEqual(before)
    },
  )

  it('is told with its seed when something is left', { timeout: 400_000 }, async () => {
    const litter = 'touch ../litter-$(date +%s%N); exec sleep infinity'
    const [client] = topology.nodes
    const untidy = {
      ...client,
      processes: [{ kind: 'command', name: 'litter', argv: ['sh', '-c', litter], listens: [] }],
    }
    const file = write('untidy.json', {
      name: 'untidy',
      namespaces: [{ name: 'client' }],
      nodes: [untidy],
    })
    const args = ['--backend', 'namespaces', '--moments', '36', '--seed', '7', '--topology', file]
    const { code, stdout } = await campaign(...args, '--only', '10')
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /moment 10: SIGKILL of the holder during run\n {4}files: left over: .*\/labs\/litter-\d+\n/,
    )
    expect(stdout).toContain(`again: npm run leaks -- ${args.join(' ')} --only 10\n`)
    expect(stdout).toMatch(
      /\nMoments: 1 \(up 0, run 1, down 0\) on namespaces, seed 7; 1 not well\.\n$/,
    )
  })

  it('leaves no place of its own behind', async () => {
    // Those of campaigns that others run at the same time go, too, when they end.
    await expect.poll(() => abandonedPlaces(others)).toStrictEqual([])
  })

  it('leaves the home of labs, which campaigns beside it have covered', () => {
    expect(existsSync(join(projectRoot, '.meshyard'))).toBe(true)
  })
})

it.each([
  [['--help'], 0, /^Usage: npm run leaks/],
  [['--nope'], 2, /^Error: There is no option --nope here\.\nUsage: /],
  [['--moments', '0'], 2, /^Error: --moments is a whole number from 1 on, not "0"\.\nUsage: /],
  [['--backend', 'moon'], 2, /^Error: "moon" is nothing a lab can run on/],
  [['--topology', 'moon'], 1, /^Error: There is no topology "moon"/],
])('a campaign that is asked for with %j does no harm and says why', async (args, code, told) => {
  const ended = await run([process.execPath, join(import.meta.dirname, 'leaks/main.ts'), ...args])
  expect(ended.code).toBe(code)
  expect(ended.stdout + ended.stderr).toMatch(told)
})

describe('meshyard down', () => {
  const meshyard = (...args: readonly string[]): Promise<Ended> =>
    run([join(projectRoot, 'lab/bin/meshyard'), ...args])
  const folder = (): string => join(home, 'default')
  afterEach(async () => {
    await meshyard('down')
  })

  it('ends a lab whose topology file is gone', { timeout: 120_000 }, async () => {
    const file = write('gone.json', topology)
    expect(await meshyard('up', file)).toMatchObject({ code: 0 })
    unlinkSync(file)
    expect(await meshyard('down')).toMatchObject({ code: 0, stdout: 'The lab default is down.\n' })
    expect(processesWorkingIn(folder())).toStrictEqual([])
  })

  it(
    'ends a lab whose run folder is gone, as the doctor says it does, and nobody else who works there',
    { timeout: 120_000 },
    async () => {
      expect(await meshyard('up', write('small.json', topology))).toMatchObject({ code: 0 })
      const other = spawn('sleep', ['infinity'], { cwd: folder(), stdio: 'ignore' })
      await once(other, 'spawn')
      rmSync(folder(), { recursive: true })
      expect(processesWorkingIn(folder()).length).toBeGreaterThan(3)
      const doctor = await meshyard('doctor', '-o', 'json')
      expect(JSON.parse(doctor.stdout).checks).toContainEqual(
        expect.objectContaining({
          name: 'lab default',
          verdict: 'limited',
          fix: ['meshyard', 'down', '--name', 'default'],
        }),
      )
      expect(await meshyard('down')).toMatchObject({
        code: 0,
        stdout: 'The lab default is down.\n',
      })
      await expect.poll(() => processesWorkingIn(folder())).toStrictEqual([other.pid])
      const ended = once(other, 'exit')
      other.kill('SIGKILL')
      await ended
    },
  )

  it(
    'has nothing to end behind an up that came after the run folder was removed',
    { timeout: 120_000 },
    async () => {
      const file = write('small.json', topology)
      expect(await meshyard('up', file)).toMatchObject({ code: 0 })
      const orphans = processesWorkingIn(folder())
      rmSync(folder(), { recursive: true })
      const again = await meshyard('up', file)
      expect(again).toMatchObject({ code: 0 })
      expect(again.stdout).toContain('ended a lab whose run folder was removed')
      expect(processesWorkingIn(folder()).filter((pid) => orphans.includes(pid))).toStrictEqual([])
      expect(await meshyard('down')).toMatchObject({ code: 0 })
      expect(processesWorkingIn(folder())).toStrictEqual([])
    },
  )

  it(
    'ends a lab whose run folder is gone also where a link leads to it',
    { timeout: 60_000 },
    async () => {
      const link = join(home, 'link')
      mkdirSync(join(home, 'labs'))
      symlinkSync(join(home, 'labs'), link)
      const through = { environment: { MESHYARD_HOME: link } }
      const program = join(projectRoot, 'lab/bin/meshyard')
      const file = write('small.json', topology)
      expect(await runToEnd([program, 'up', file], through)).toMatchObject({ code: 0 })
      rmSync(join(home, 'labs/default'), { recursive: true })
      expect(await runToEnd([program, 'down'], through)).toMatchObject({
        code: 0,
        stdout: 'The lab default is down.\n',
      })
      expect(processesWorkingIn(join(home, 'labs/default'))).toStrictEqual([])
    },
  )

  it('works after a node that could not start, and so does up', { timeout: 120_000 }, async () => {
    const [client, server] = topology.nodes
    const failing = {
      kind: 'command',
      name: 'fail',
      argv: ['false'],
      listens: [{ address: '127.0.0.1', port: 1 }],
    }
    const file = write('failing.json', {
      ...topology,
      nodes: [client, { ...server, processes: [failing] }],
    })
    expect(await meshyard('up', file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('server (fail) ended while starting (exit code 1)'),
    })
    expect(await meshyard('down')).toMatchObject({ code: 0 })
    await meshyard('up', file)
    expect(await meshyard('up', write('small.json', topology))).toMatchObject({ code: 0 })
  })
})
