import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openLab, type Lab } from './lab.ts'
import { processesWorkingIn } from './run/processes-working-in.ts'
import { sidecars } from './topology/sidecars.ts'
import { tutorial } from './topology/tutorial.ts'
import type { Topology } from './topology/topology.ts'

const timeoutMs = 120_000
const soon = { timeout: 15_000 }

/** A lab with one namespace and the given commands, which needs nothing of the product but the lab. */
function small(...processes: Topology['nodes'][number]['processes']): Topology {
  return {
    name: 'small',
    summary: '',
    namespaces: [{ name: 'only', routes: [] }],
    links: [],
    nodes: [{ name: 'node', kind: 'service', namespace: 'only', addresses: [], processes }],
    interception: [],
    kong: undefined,
    tryNext: [],
  }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lab-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

describe.for([
  { topology: sidecars, service: '10.2.0.6', client: [], source: '10.2.0.4', direct: '10.1.0.2' },
  {
    topology: tutorial,
    service: '127.0.0.6',
    client: ['--interface', '127.0.0.2'],
    source: '127.0.0.4',
    direct: '127.0.0.2',
  },
])('a lab of $topology.name', ({ topology, service, client, source, direct }) => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab(topology)
  }, timeoutMs)
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
    expect(existsSync(lab.folder)).toBe(false)
  }, timeoutMs)

  const ask = async (seconds = 20): Promise<{ exitCode: number | null; source: string }> => {
    const { exitCode, stdout } = await lab.exec('service-a', [
      'curl',
      '--silent',
      '--max-time',
      String(seconds),
      ...client,
      `http://${service}:18000/`,
    ])
    return { exitCode, source: exitCode === 0 ? JSON.parse(stdout).source.split(':')[0] : '' }
  }

  it('lets Service A reach Service B through both sidecars, and past them without the rules', async () => {
    expect(await ask()).toStrictEqual({ exitCode: 0, source })
    await lab.removeRules()
    expect(await ask()).toStrictEqual({ exitCode: 0, source: direct })
    await lab.installRules()
    await lab.installRules()
    expect(await ask()).toStrictEqual({ exitCode: 0, source })
  })

  it(
    'shows a killed node as dead and lets nothing past it, until it is started again',
    async () => {
      const stateOf = async (): Promise<string | undefined> =>
        (await lab.status()).nodes.find(({ name }) => name === 'kong-b')?.state
      expect(await stateOf()).toBe('running')
      await lab.exec('kong-b', ['sh', '-c', 'kill -9 $(cat kong-b/pids/nginx.pid)'])
      await expect.poll(stateOf, soon).toBe('dead')
      expect((await ask(3)).exitCode).not.toBe(0)
      await lab.startNode('kong-b')
      expect(await stateOf()).toBe('running')
      expect(await ask()).toStrictEqual({ exitCode: 0, source })
      await lab.stopNode('kong-b')
      expect(await stateOf()).toBe('stopped')
      await lab.startNode('kong-b')
    },
    timeoutMs,
  )

  it('gives the logs of each process and of Kong', async () => {
    await ask()
    const logs = await lab.logs('kong-a')
    expect(logs.map(({ name }) => name)).toStrictEqual(['kong', 'error.log', 'access.log'])
    const errorLog = async (): Promise<string | undefined> =>
      (await lab.logs('kong-a')).find(({ name }) => name === 'error.log')?.text
    await expect.poll(errorLog).toContain('setting address')
  })
})

describe('a bare lab of sidecars', () => {
  it('lets packets past the sidecars, and has none of the rules', async () => {
    await using lab = await openLab(sidecars, { bare: true })
    const listening = ['ncat', '--listen', '--sh-exec', 'echo hello', '10.2.0.5', '9'] as const
    const served = lab.exec('service-b', listening)
    const ask = ['ncat', '--recv-only', '10.2.0.5', '9'] as const
    await expect.poll(async () => (await lab.exec('service-a', ask)).stdout, soon).toBe('hello\n')
    expect((await served).exitCode).toBe(0)
    expect(await lab.status()).toMatchObject({ rules: 'removed' })
  })
})

describe('exec', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab(tutorial, { bare: true })
  }, timeoutMs)
  afterAll(() => lab[Symbol.asyncDispose]())

  it('passes input, environment, output and exit code, in the run folder', async () => {
    const result = await lab.exec(
      'service-a',
      ['sh', '-c', 'cat; echo "$GREETING" >&2; pwd; exit 3'],
      {
        input: 'hello\n',
        env: { GREETING: 'hi' },
      },
    )
    expect(result).toMatchObject({
      exitCode: 3,
      stdout: `hello\n${lab.folder}\n`,
      stderr: 'hi\n',
      timedOut: false,
    })
  })

  it('carries output of many megabytes whole', async () => {
    const { stdout } = await lab.exec('service-a', ['head', '-c', '8000000', '/dev/zero'])
    expect(stdout).toHaveLength(8_000_000)
  })

  it('kills the command and its children when time is up', async () => {
    const { exitCode, timedOut } = await lab.exec('service-a', ['sh', '-c', 'sleep 4321; true'], {
      timeoutMs: 100,
    })
    expect({ exitCode, timedOut }).toStrictEqual({ exitCode: null, timedOut: true })
    const list = async (): Promise<string> =>
      (await lab.exec('service-a', ['ps', 'axo', 'args'])).stdout
    expect(await list()).toContain('ps axo args')
    await expect.poll(list, soon).not.toContain('4321')
  })

  it('kills the command when its caller aborts', async () => {
    const controller = new AbortController()
    const running = lab.exec('service-a', ['sh', '-c', 'echo $$ > started; sleep 4321'], {
      signal: controller.signal,
    })
    await expect.poll(() => existsSync(join(lab.folder, 'started')), soon).toBe(true)
    controller.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
    const find = ['sh', '-c', 'ps axo args | grep -c "[s]leep 4321"'] as const
    await expect.poll(async () => (await lab.exec('service-a', find)).stdout, soon).toBe('0\n')
  })

  it('tells which nodes there are when it is asked for another', async () => {
    await expect(lab.exec('service-c', ['true'])).rejects.toThrow(
      /no node "service-c"; it has service-a, kong-a/,
    )
  })

  it('tells that a program cannot be started', async () => {
    await expect(lab.exec('service-a', ['no-such-program'])).rejects.toThrow(/no-such-program/)
  })

  it('sees the processes of the lab and no others', async () => {
    const { stdout } = await lab.exec('service-a', ['ps', 'axo', 'pid='])
    expect(stdout.trim().split(/\s+/).map(Number)).toContain(1)
    expect(stdout.trim().split(/\s+/).map(Number)).not.toContain(process.pid)
  })

  it('has orphans reaped', async () => {
    await lab.exec('service-a', ['sh', '-c', '(sleep 0.05 &) ; exit 0'])
    const zombies = ['sh', '-c', 'ps axo stat,args | grep -c "^Z\\|[s]leep 0.05"'] as const
    await expect.poll(async () => (await lab.exec('service-a', zombies)).stdout, soon).toBe('0\n')
  })
})

describe(openLab, () => {
  it('refuses, with the last lines of its log, when a process ends while starting, and leaves nothing running', async () => {
    const folder = newFolder()
    const topology = small(
      {
        kind: 'command',
        name: 'good',
        argv: ['sleep', '4322'],
        environment: {},
        listens: [],
      },
      {
        kind: 'command',
        name: 'bad',
        argv: ['sh', '-c', 'echo first; echo no such port; exit 4'],
        environment: {},
        listens: [{ address: '127.0.0.1', port: 1 }],
      },
    )
    await expect(openLab(topology, { folder })).rejects.toThrow(
      `node (bad) ended while starting (exit code 4).\nThe last lines of logs/node.bad.log:\n  first\n  no such port\nThe logs are in ${folder}.`,
    )
    expect(readFileSync(join(folder, 'logs/node.bad.log'), 'utf8')).toBe('first\nno such port\n')
    expect(processesWorkingIn(folder)).toStrictEqual([])
  })

  it('starts nothing when its signal aborts on the way', async () => {
    const folder = newFolder()
    const topology = small({
      kind: 'command',
      name: 'never',
      argv: ['sleep', '4322'],
      environment: {},
      listens: [{ address: '127.0.0.1', port: 1 }],
    })
    const controller = new AbortController()
    const opening = openLab(topology, { folder, signal: controller.signal })
    const log = join(folder, 'logs/node.never.log')
    await expect.poll(() => existsSync(log), soon).toBe(true)
    expect(processesWorkingIn(folder)).not.toStrictEqual([])
    controller.abort(new Error('changed my mind'))
    await expect(opening).rejects.toThrow('changed my mind')
    expect(processesWorkingIn(folder)).toStrictEqual([])
  })

  it('leaves files alone that no lab made', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'precious'), 'x')
    await expect(openLab(small(), { folder })).rejects.toThrow(/holds files that no lab left there/)
    expect(existsSync(join(folder, 'precious'))).toBe(true)
  })

  it('works in a folder whose name is longer than a socket address', async () => {
    const folder = join(newFolder(), 'x'.repeat(120))
    await using lab = await openLab(small(), { folder })
    expect(await lab.exec('node', ['true'])).toMatchObject({ exitCode: 0 })
  })

  it('refuses a second lab in the folder of a running one', async () => {
    const folder = newFolder()
    await using _lab = await openLab(small(), { folder })
    await expect(openLab(small(), { folder })).rejects.toThrow(/A lab runs in .* already/)
  })
})
