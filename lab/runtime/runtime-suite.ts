import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInNamespace } from '#netns/command.ts'
import { NetworkNamespace } from '#netns/namespace.ts'
import { labEnvironment } from '#lab/holder/environment.ts'
import { projectRoot } from '#lab/run/home.ts'
import { identifyProcess, isAlive } from '#lab/run/process-identity.ts'
import { planLab, type LabPlan } from '#lab/topology/plan.ts'
import type { ProcessPlan } from '#lab/topology/plan-process.ts'
import type { Topology } from '#lab/topology/topology.ts'
import type { Backend, Runtime, RuntimeProcess } from './runtime.ts'

const soon = { timeout: 15_000 }
/** Tells the processes of this suite from those of others on the same machine. */
const own = String(process.pid)
const environment = labEnvironment(process.env, { first: [], last: [] })

/** What is true of every backend. The working directory becomes the run folder while it runs. */
export function runtimeSuite(backend: Backend, open: (plan: LabPlan) => Promise<Runtime>): void {
  let runtime: Runtime
  let folder: string
  const home = process.cwd()
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'runtime-'))
    process.chdir(folder)
    runtime = await open(planOf(backend, folder))
  }, 60_000)
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]()
    process.chdir(home)
    rmSync(folder, { recursive: true })
  }, 60_000)

  const start = (name: string, script: string): RuntimeProcess =>
    runtime.start(processPlan(name, ['sh', '-c', script]), environment)
  const log = (name: string): string => readFileSync(join(folder, `${name}.log`), 'utf8')
  const run = async (
    namespace: string,
    script: string,
    input = '',
  ): Promise<{ exit: number | null; out: string; err: string }> => {
    const command = runtime.run(namespace, ['sh', '-c', script], environment)
    command.stdin.on('error', () => {})
    command.stdin.end(input)
    const [exit, out, err] = await Promise.all([
      command.exit,
      text(command.stdout),
      text(command.stderr),
    ])
    return { exit, out, err }
  }

  describe('the network', () => {
    it('has the links, addresses of both families, routes and forwarding of the plan', async () => {
      const { out } = await run(
        'left',
        'ip -o address | grep -o "eth0.*scope global"; ip route; ip -6 route | grep via; cat /proc/sys/net/ipv4/ip_forward',
      )
      expect(out.replaceAll(/ proto static| (?= )/g, '').split('\n')).toStrictEqual([
        'eth0 inet 10.9.0.1/24 scope global',
        'eth0 inet6 fd09::1/64 scope global',
        'default via 10.9.0.2 dev eth0 ',
        '10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.1 ',
        'default via fd09::2 dev eth0 metric 1024 pref medium',
        '0',
        '',
      ])
    })

    it('carries both families from one namespace into the other, and what is outside cannot see it', async () => {
      for (const address of ['10.9.0.2', 'fd09::2']) {
        const server = runtime.run('right', ['ncat', '--listen', address, '7'], environment)
        server.stdin.end('hello')
        const dial = `ncat --recv-only ${address} 7`
        await expect.poll(async () => (await run('left', dial)).out, soon).toBe('hello')
        expect(await server.exit).toBe(0)
        using outside = NetworkNamespace.create({ label: 'outside' })
        const missed = await runInNamespace(outside, ['sh', '-c', dial])
        expect(missed.exitCode).not.toBe(0)
      }
    })

    it('is the one that the runtime hands out', async () => {
      const shown = await runInNamespace(runtime.network.namespace('right'), [
        'ip',
        '-o',
        'link',
        'show',
        'eth0',
      ])
      expect(shown.stdout).toContain('eth0')
      expect((await run('right', 'ip -o link show eth0')).out).toBe(shown.stdout)
    })
  })

  describe('a process', () => {
    it('appends what it writes to its log, works in the run folder and tells its exit code', async () => {
      const first = start('talker', 'pwd; echo oops >&2; exit 4')
      expect(await first.ended).toBe('exit code 4')
      expect(await start('talker', 'echo again').ended).toBe('exit code 0')
      // Engines carry output and errors apart, and keep no order between them.
      expect([`${folder}\noops\nagain\n`, `oops\n${folder}\nagain\n`]).toContain(log('talker'))
    })

    it('has the environment it is given and no other', async () => {
      const given = { ...environment, GREETING: 'hi' }
      const process = runtime.start(processPlan('env', ['env']), given)
      expect(await process.ended).toBe('exit code 0')
      const added = /^(?:HOSTNAME|PWD|SHLVL|OLDPWD|_)=/
      const seen = log('env').trimEnd().split('\n')
      expect(seen.filter((line) => !added.test(line)).toSorted()).toStrictEqual(
        Object.entries(given)
          .map(([name, value]) => `${name}=${value}`)
          .toSorted(),
      )
    })

    it('tells that its program cannot be started', async () => {
      const process = runtime.start(processPlan('none', ['no-such-program']), environment)
      expect(await process.ended).toMatch(/^cannot be started: .*no-such-program/)
    })

    it.each(['SIGTERM', 'SIGKILL'] as const)('ends by %s with what it started', async (signal) => {
      const name = `parent-${signal}`
      const process = start(name, `sleep 4323.${own} & echo started; wait`)
      await expect.poll(() => log(name), soon).toBe('started\n')
      // An engine tells its number a moment after it runs.
      await expect.poll(() => process.pid, soon).toBeDefined()
      const found = identifyProcess(process.pid ?? 0)
      if (found === undefined) throw new Error('it runs')
      const count = `ps axo args | grep -c "^[s]leep 4323[.]${own}"`
      expect((await run('left', count)).out).toBe('1\n')
      process.signal(signal)
      expect(await process.ended).toBe(signal)
      process.signal('SIGKILL')
      await expect.poll(async () => (await run('left', count)).out, soon).toBe('0\n')
      expect(isAlive(found)).toBe(false)
    })

    it('is reached by a signal sent before it is known to run', async () => {
      const process = start('hasty', 'sleep 4324')
      process.signal('SIGTERM')
      expect(await process.ended).toBe('SIGTERM')
    })

    it('stands still between SIGSTOP and SIGCONT', async () => {
      const process = start('ticker', 'while :; do echo tick; sleep 0.01; done')
      await expect.poll(() => log('ticker'), soon).toContain('tick')
      process.signal('SIGSTOP')
      let before: string
      do {
        before = log('ticker')
        await delay(50)
      } while (log('ticker') !== before)
      process.signal('SIGCONT')
      await expect.poll(() => log('ticker').length, soon).toBeGreaterThan(before.length)
      process.signal('SIGKILL')
      expect(await process.ended).toBe('SIGKILL')
    })

    it('shares network and processes with the others of its namespace', async () => {
      const process = start('server', 'exec ncat --listen 127.0.0.1 8 --sh-exec "echo served"')
      const dial =
        'ncat --recv-only 127.0.0.1 8; ps axo args | grep -c "[n]cat --listen 127.0.0.1 8"'
      await expect.poll(async () => (await run('left', dial)).out, soon).toContain('served')
      expect((await run('right', dial)).out).not.toContain('served')
      await process.ended
    })
  })

  describe('a command', () => {
    it('is given input, and gives output, errors and exit code', async () => {
      expect(await run('left', 'cat; echo bad >&2; exit 3', 'good')).toStrictEqual({
        exit: 3,
        out: 'good',
        err: 'bad\n',
      })
    })

    it('carries megabytes either way whole', async () => {
      const input = 'x'.repeat(3_000_000)
      const { out } = await run('left', 'cat', input)
      expect(out.length).toBe(input.length)
      expect((await run('left', 'wc -c', input)).out.trim()).toBe('3000000')
    })

    it('tells no exit code when a signal ended it', async () => {
      expect(await run('left', 'kill -TERM $$')).toMatchObject({ exit: null })
    })

    it('rejects when its program cannot be started', async () => {
      const command = runtime.run('left', ['no-such-program'], environment)
      command.stdin.on('error', () => {})
      await expect(command.exit).rejects.toThrow(/no-such-program/)
    })

    it('ends when it is killed, with what it started, also while that keeps its output open', async () => {
      const command = runtime.run(
        'left',
        ['sh', '-c', `sleep 4325.${own} & echo on; wait`],
        environment,
      )
      let out = ''
      command.stdout.on('data', (data: Buffer) => (out += data))
      await expect.poll(() => out, soon).toBe('on\n')
      command.kill()
      expect(await command.exit).toBeNull()
      const count = `ps axo args | grep -c "^[s]leep 4325[.]${own}"`
      await expect.poll(async () => (await run('left', count)).out, soon).toBe('0\n')
    })

    it('can be killed before it runs', async () => {
      const command = runtime.run('left', ['sleep', '4326'], environment)
      command.kill()
      expect(await command.exit).toBeNull()
    })
  })
}

function end(
  namespace: string,
  number: number,
): { namespace: string; interface: string; addresses: string[] } {
  return {
    namespace,
    interface: 'eth0',
    addresses: [`10.9.0.${number}/24`, `fd09::${number}/64`],
  }
}

function planOf(backend: Backend, folder: string): LabPlan {
  const topology: Topology = {
    name: 'pair',
    summary: '',
    namespaces: [
      {
        name: 'left',
        routes: [
          { to: 'default', via: '10.9.0.2' },
          { to: 'default', via: 'fd09::2' },
        ],
      },
      { name: 'right', routes: [] },
    ],
    links: [{ kind: 'veth', name: 'pair', ends: [end('left', 1), end('right', 2)] }],
    nodes: [],
    interception: [],
    kong: undefined,
    tryNext: [],
  }
  const places = { name: 'suite', folder, root: projectRoot, node: process.execPath }
  return planLab(topology, { ...places, bare: false, backend })
}

function processPlan(name: string, argv: ProcessPlan['argv']): ProcessPlan {
  return {
    node: 'node',
    name,
    namespace: 'left',
    argv,
    environment: {},
    listens: [],
    log: `${name}.log`,
    kong: undefined,
  }
}
