import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { runToEnd, type Ended } from '#lab/run/run-to-end.ts'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'
import { signalGroup } from '#lab/runtime/signal-group.ts'
import { readRunState } from '#lab/run/run-folder.ts'

const timeoutMs = 120_000
const soon = { timeout: 15_000 }
const program = join(projectRoot, 'lab/bin/meshyard')

/** One namespace in which one process listens: all that a command line needs. */
const topology = {
  name: 'small',
  namespaces: [{ name: 'only' }],
  nodes: [
    { name: 'client', kind: 'service', namespace: 'only' },
    {
      name: 'server',
      kind: 'service',
      namespace: 'only',
      addresses: ['127.0.0.1'],
      processes: [{ kind: 'ncat', name: 'tcp', address: '127.0.0.1', port: 7, answer: 'hello' }],
    },
  ],
  tryNext: ['client ncat --recv-only 127.0.0.1 7'],
}

let home: string
let file: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'meshyard-'))
  file = join(home, 'small.json')
  writeFileSync(file, JSON.stringify(topology))
})
afterEach(async () => {
  await meshyard('down')
  await meshyard('down', '--name', 'other')
})
afterAll(() => {
  rmSync(home, { recursive: true })
})

function run(argv: readonly string[], input = ''): Promise<Ended> {
  return runToEnd(argv, { environment: { MESHYARD_HOME: home }, input })
}

function meshyard(...args: readonly string[]): Promise<Ended> {
  return run([program, ...args])
}

describe('meshyard up', () => {
  it(
    'brings a lab up once and tells what to try, and down twice',
    async () => {
      const first = await meshyard('up', file)
      expect(first).toMatchObject({ code: 0, stderr: '' })
      expect(first.stdout).toMatch(
        /server: ready after \d\.\d\d s\nThe lab default \(small\) is up after \d+\.\d\d s/,
      )
      expect(first.stdout).toContain('meshyard exec client ncat --recv-only 127.0.0.1 7\n')

      const again = await meshyard('up', file)
      expect(again).toStrictEqual({
        code: 0,
        stdout: 'The lab default (small) is up already.\n',
        stderr: '',
      })
      const other = await meshyard('up', 'tutorial', '--bare')
      expect(other).toMatchObject({ code: 1 })
      expect(other.stderr).toContain('is up with the topology small; take it down first')

      expect(await meshyard('down')).toMatchObject({
        code: 0,
        stdout: 'The lab default is down.\n',
      })
      expect(await meshyard('down')).toMatchObject({
        code: 0,
        stdout: 'No lab named default is up.\n',
      })
      expect(readdirSync(home)).toStrictEqual(['small.json'])
    },
    timeoutMs,
  )

  it(
    'brings up one lab when it is called twice at the same moment',
    async () => {
      const both = await Promise.all([meshyard('up', file), meshyard('up', file)])
      expect(both.map(({ code }) => code)).toStrictEqual([0, 0])
      expect(both.filter(({ stdout }) => stdout.includes('up already'))).toHaveLength(1)
    },
    timeoutMs,
  )

  it(
    'keeps two labs side by side',
    async () => {
      await Promise.all([meshyard('up', file), meshyard('up', file, '--name', 'other')])
      expect(await meshyard('down')).toMatchObject({ code: 0 })
      const ask = ['exec', '--name', 'other', 'client', 'ncat', '--recv-only', '127.0.0.1', '7']
      expect(await meshyard(...ask)).toMatchObject({ code: 0, stdout: 'hello\n' })
    },
    timeoutMs,
  )

  it(
    'takes everything back when it is interrupted',
    async () => {
      const folder = join(home, 'default')
      const never = join(home, 'never.json')
      const [client, server] = topology.nodes
      const processes = [
        {
          kind: 'command',
          name: 'never',
          argv: ['sleep', '4323'],
          listens: [{ address: '127.0.0.1', port: 1 }],
        },
      ]
      writeFileSync(
        never,
        JSON.stringify({ ...topology, nodes: [client, { ...server, processes }] }),
      )
      const child = spawn(program, ['up', never], { env: { ...process.env, MESHYARD_HOME: home } })
      const ended = Promise.all([text(child.stderr), once(child, 'exit')])
      await expect.poll(() => existsSync(join(folder, 'logs/server.never.log')), soon).toBe(true)
      child.kill('SIGINT')
      const [stderr, [code]] = await ended
      expect({ code, stderr }).toStrictEqual({
        code: 130,
        stderr: 'Interrupted; the lab default is down.\n',
      })
      expect(processesWorkingIn(folder)).toStrictEqual([])
      expect(existsSync(folder)).toBe(false)
      rmSync(never)
    },
    timeoutMs,
  )

  it('tells every fault of a topology file', async () => {
    const bad = join(home, 'bad.json')
    writeFileSync(
      bad,
      JSON.stringify({ ...topology, nodes: [{ name: 'X', kind: 'wall' }], extra: 1 }),
    )
    const { code, stderr } = await meshyard('up', bad)
    expect(code).toBe(1)
    for (const place of ['nodes[0].name: ', 'nodes[0].kind: ', 'extra: ']) {
      expect(stderr).toContain(place)
    }
    rmSync(bad)
  })
})

describe('meshyard down', () => {
  it(
    'clears up after a lab whose processes were killed, which up does, too',
    async () => {
      const folder = join(home, 'default')
      for (const next of ['down', 'up']) {
        await meshyard('up', file)
        const init = readRunState(folder)?.init?.pid
        // Number 0 would be the group of this very test.
        if (init === undefined) throw new Error('the lab is not up')
        process.kill(init, 'SIGKILL')
        await expect.poll(() => processesWorkingIn(folder), soon).toStrictEqual([])
        expect(await meshyard('ps')).toMatchObject({ code: 1 })
        const args = next === 'up' ? ['up', file] : ['down']
        expect(await meshyard(...args)).toMatchObject({ code: 0, stderr: '' })
      }
      expect(await meshyard('ps')).toMatchObject({ code: 0 })
    },
    timeoutMs,
  )
})

describe('meshyard exec', () => {
  it(
    'passes input, output and exit code, and knows no options after the node',
    async () => {
      await meshyard('up', file)
      const sh = await run([program, 'exec', 'client', 'sh', '-c', 'cat; pwd; exit 7'], 'hi\n')
      expect(sh).toStrictEqual({ code: 7, stdout: `hi\n${join(home, 'default')}\n`, stderr: '' })
      expect(await meshyard('exec', 'client', '--', 'sh', '-c', 'kill -9 $$')).toMatchObject({
        code: 137,
      })
      expect(await meshyard('exec', 'nobody', 'true')).toMatchObject({
        code: 1,
        stderr: 'Error: The lab default has no node "nobody"; it has client, server.\n',
      })
      expect(await meshyard('exec', 'client')).toMatchObject({ code: 2 })
    },
    timeoutMs,
  )

  it(
    'hands a terminal over to a shell',
    async () => {
      await meshyard('up', file)
      const typed = 'tty && test -t 0 && echo "in $(readlink /proc/self/ns/net)"; exit 5\n'
      const shell = `${program} shell client`
      const { stdout, code } = await run(['script', '-qec', shell, '/dev/null'], typed)
      expect(stdout).toMatch(/\/dev\/pts\/\d+/)
      expect(stdout).toMatch(/^in net:\[\d+\]/m)
      expect(code).toBe(5)
    },
    timeoutMs,
  )

  it(
    'ends its command when it is terminated',
    async () => {
      await meshyard('up', file)
      const child = spawn(program, ['exec', 'client', 'sh', '-c', 'echo on; exec sleep 4324'], {
        env: { ...process.env, MESHYARD_HOME: home },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      const count = async (): Promise<string> =>
        (await meshyard('exec', 'client', 'sh', '-c', 'ps axo args | grep -c "^[s]leep 4324"'))
          .stdout
      await expect.poll(count, soon).toBe('1\n')
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      expect(code).toBe(143)
      await expect.poll(count, soon).toBe('0\n')
    },
    timeoutMs,
  )

  it(
    'tells of a command that Ctrl-C has ended as a shell does',
    { timeout: timeoutMs },
    async () => {
      await meshyard('up', file)
      const child = spawn(program, ['exec', 'client', 'sh', '-c', 'echo on; exec sleep 4325'], {
        env: { ...process.env, MESHYARD_HOME: home },
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = Promise.all([text(child.stderr), once(child, 'exit')])
      await once(child.stdout, 'data')
      signalGroup(child.pid, 'SIGINT')
      const [stderr, [code]] = await ended
      expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    },
  )

  it('leaves Ctrl-C to its command', { timeout: timeoutMs }, async () => {
    await meshyard('up', file)
    const patient = 'trap "echo bye; exit 9" INT; echo on; while :; do sleep 0.05; done'
    const child = spawn(program, ['exec', 'client', 'sh', '-c', patient], {
      env: { ...process.env, MESHYARD_HOME: home },
      // A group of its own, as a terminal's foreground is.
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    await once(child.stdout, 'data')
    signalGroup(child.pid, 'SIGINT')
    expect(await text(child.stdout)).toBe('bye\n')
    const [code] = await exited
    expect(code).toBe(9)
  })
})

describe('meshyard ps and logs', () => {
  it(
    'show a node that died, and what it wrote',
    async () => {
      await meshyard('up', file)
      const before = await meshyard('ps', '-o', 'json')
      expect(JSON.parse(before.stdout).nodes[1]).toMatchObject({ name: 'server', state: 'running' })
      await meshyard('exec', 'server', 'pkill', '-9', 'ncat')
      const stateOf = async (): Promise<string> =>
        JSON.parse((await meshyard('ps', '-o', 'json')).stdout).nodes[1].state
      await expect.poll(stateOf, soon).toBe('dead')
      const table = await meshyard('ps')
      expect(table.stdout).toMatch(
        /^server +service +only +dead +127\.0\.0\.1 +tcp:dead \(SIGKILL\)$/m,
      )
      expect(await meshyard('up', file)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('server is dead'),
      })
      expect((await meshyard('logs', 'server')).stdout).toContain(
        'server tcp | Ncat: Listening on 127.0.0.1:7\n',
      )
      expect(await meshyard('logs', 'client')).toStrictEqual({ code: 0, stdout: '', stderr: '' })
    },
    timeoutMs,
  )

  it(
    'follow a log until the lab ends',
    async () => {
      await meshyard('up', file)
      const following = spawn(program, ['logs', '-f', 'server'], {
        env: { ...process.env, MESHYARD_HOME: home },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const exited = once(following, 'exit')
      let followed = ''
      following.stdout.setEncoding('utf8').on('data', (data: string) => {
        followed += data
      })
      await expect.poll(() => followed, soon).toContain('Listening on 127.0.0.1:7')
      await meshyard('exec', 'client', 'ncat', '--recv-only', '127.0.0.1', '7')
      await expect
        .poll(() => followed, soon)
        .toContain('server tcp | Ncat: Connection from 127.0.0.1')
      await meshyard('down')
      expect(await exited).toEqual([0, null])
    },
    timeoutMs,
  )
})

describe('meshyard', () => {
  it('tells its usage, works through a symlink and from anywhere', async () => {
    const link = join(home, 'link')
    symlinkSync(program, link)
    expect(await run(['env', '--chdir=/', link, 'help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: meshyard'),
    })
    rmSync(link)
    expect(await meshyard()).toMatchObject({ code: 2 })
    expect(await meshyard('fly')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"fly"'),
    })
    expect(await meshyard('up', '--fast')).toMatchObject({ code: 2 })
    expect(await meshyard('up', 'sidecars', 'tutorial')).toMatchObject({ code: 2 })
    expect(await meshyard('ps', '-o', 'xml')).toMatchObject({ code: 2 })
    expect(await meshyard('up', '--name', '../x')).toMatchObject({ code: 2 })
  })
})
