import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { runToEnd, type Ended } from '#lab/run/run-to-end.ts'
import { samplePair } from '#lab/topology/sample-pair.ts'
import { commandTable } from './command-table.ts'

const timeout = 120_000

const topology = samplePair([
  { kind: 'ncat', name: 'tcp', address: '10.0.0.2', port: 7, tls: false, answer: 'hello' },
])

let home: string
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'json-'))
  writeFileSync(join(home, 'pair.json'), JSON.stringify(topology))
  const run = {
    id: 'r',
    startedAt: '2026-01-01T00:00:00Z',
    durationMs: 1,
    verdict: 'passed',
    command: 'x',
  }
  const counts = { passed: 0, failed: 0, skipped: 0, unknown: 0 }
  const machine = { kernel: 'k', node: 'n', cpus: 1 }
  const report = {
    version: 1,
    run,
    machine,
    counts,
    topologies: [],
    scenarios: [],
    units: [],
    faults: [],
  }
  mkdirSync(join(home, 'run'))
  writeFileSync(join(home, 'run/report.json'), JSON.stringify(report))
  expect(await meshyard('up', 'pair.json')).toMatchObject({ code: 0, stderr: '' })
}, timeout)
afterAll(async () => {
  expect(await meshyard('down')).toMatchObject({ code: 0 })
  rmSync(home, { recursive: true })
}, timeout)

/** As on a terminal that shows colours, which no program that reads JSON does. */
function meshyard(...args: readonly string[]): Promise<Ended> {
  return runToEnd([join(projectRoot, 'lab/bin/meshyard'), ...args], {
    cwd: home,
    environment: { MESHYARD_HOME: home, FORCE_COLOR: '1' },
  })
}

/** In an order in which each has something to tell. */
const whole: readonly (readonly [line: string, shape: object])[] = [
  ['validate pair.json', { valid: true, nodes: 2 }],
  ['plan pair.json', { topology: 'pair', nodes: expect.any(Array) }],
  ['graph pair.json', { name: 'pair', places: expect.any(Array) }],
  ['graph --name default', { name: 'pair', places: expect.any(Array) }],
  ['ps', { name: 'default', nodes: [{ name: 'client' }, { name: 'server', state: 'running' }] }],
  ['ps --state', { hash: expect.stringMatching(/^[0-9a-f]{64}$/), namespaces: expect.any(Object) }],
  ['link', [{ name: 'wire', ends: [{ state: 'up' }, { state: 'up' }] }]],
  ['link wire down --from server', [{ name: 'wire', ends: [{}, { state: 'down' }] }]],
  ['link wire up', [{ name: 'wire', ends: [{ state: 'up' }, { state: 'up' }] }]],
  ['fault list', []],
  ['fault pause server', [{ state: 'active', spec: { kind: 'pause', node: 'server' } }]],
  ['fault list', [{ spec: { kind: 'pause' } }]],
  ['fault heal --all', [{ spec: { kind: 'pause' } }]],
  ['reset', { clean: true, hash: expect.any(String), differences: [] }],
  ['doctor', { healthy: true, checks: expect.any(Array) }],
  ['diff run run', { scenarios: [] }],
]

describe('with -o json', () => {
  it('a command that tells of a fault says it apart from its output', { timeout }, async () => {
    for (const line of ['link moon', 'fault heal f99', 'ps --name nothing']) {
      // oxlint-disable-next-line no-await-in-loop -- few at a time on a small machine
      const { code, stdout, stderr } = await meshyard(...line.split(' '), '-o', 'json')
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^Error: [^\n]+\n$/),
      })
    }
  })

  it.each(whole)(
    '"%s" prints one JSON value and nothing else',
    { timeout },
    async (line, shape) => {
      const { stdout, stderr, code } = await meshyard(...line.split(' '), '-o', 'json')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).not.toContain('\u001b')
      const value: unknown = JSON.parse(stdout)
      if (Array.isArray(shape)) expect(value).toHaveLength(shape.length)
      expect(value).toMatchObject(shape)
    },
  )

  it('"logs" prints an object for each line', { timeout }, async () => {
    const { stdout, code, stderr } = await meshyard('logs', 'server', '-o', 'json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toContainEqual({
      node: 'server',
      log: 'tcp',
      line: 'Ncat: Listening on 10.0.0.2:7',
    })
  })

  it(
    '"tap" prints an object for each event, and who it watches apart from them',
    { timeout },
    async () => {
      const ask = async (): Promise<Ended> =>
        meshyard('exec', 'client', 'ncat', '--recv-only', '10.0.0.2', '7')
      const watch = async (): Promise<string> => {
        // Until it watches there is nothing to see.
        let isOver = false
        const ended = meshyard('tap', '--for', '3', '-o', 'json').finally(() => {
          isOver = true
        })
        const overNow = (): boolean => isOver
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        while (!overNow()) expect(await ask()).toMatchObject({ stdout: 'hello\n' })
        const { code, stdout, stderr } = await ended
        expect({ code, stderr }).toEqual({ code: 0, stderr: 'Watching wire.\n' })
        return stdout
      }
      // On a busy machine nobody may have asked within those seconds.
      const stdout = (await watch()) || (await watch()) || (await watch())
      const [event] = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(event).toMatchObject({ link: 'wire', from: 'client', to: 'server' })
    },
  )

  it('is tried of every command that has it', () => {
    const having = commandTable.filter(({ options }) =>
      options.some(({ long, choices }) => long === '--output' && choices?.includes('json')),
    )
    const tried = new Set([...whole.map(([line]) => line.split(' ')[0]), 'logs', 'tap'])
    expect(new Set(having.map(({ name }) => name))).toEqual(tried)
  })
})

describe('NO_COLOR', () => {
  // Nothing else, since CI, NO_COLOR and the like of whoever runs the tests decide on colours, too.
  const surroundings = (own: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries({
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      MESHYARD_HOME: home,
      TERM: 'xterm-256color',
      ...own,
    }).map(([name, value]) => `${name}=${value}`)

  it.each(['ps', 'help', 'doctor', 'diff run run'])(
    'keeps colours out of "%s" on a terminal, which has them otherwise',
    { timeout },
    async (line) => {
      const program = join(projectRoot, 'lab/bin/meshyard')
      const onTerminal = (own: Readonly<Record<string, string>>): Promise<Ended> =>
        runToEnd(
          ['env', '-i', ...surroundings(own), 'script', '-qec', `${program} ${line}`, '/dev/null'],
          { cwd: home },
        )
      // oxlint-disable-next-line no-control-regex -- how a colour begins
      const colour = /\u001b\[\d+m/
      expect((await onTerminal({ NO_COLOR: '1' })).stdout).not.toMatch(colour)
      if (line !== 'diff run run') expect((await onTerminal({})).stdout).toMatch(colour)
    },
  )
})
