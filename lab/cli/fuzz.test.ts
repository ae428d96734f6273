import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { commandTable } from './command-table.ts'
import { runLine, type Told } from './run-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Files that are no topologies, each in its way. */
const files: Readonly<Record<string, string | Buffer>> = {
  'empty.yaml': '',
  'empty.json': '',
  'binary.yaml': Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * 7919) % 251)),
  'latin.yaml': Buffer.from('name: \u00e4\u00ff\nnodes: []\n', 'latin1'),
  'half.json': '{ "name": "x", "nodes": [',
  'deep.json': '['.repeat(50_000),
  'anchor.yaml': 'a: &a [*a]\n',
  'throws.ts': 'throw new Error("mine")',
  'half.ts': 'export default {',
  'number.ts': 'export default 5',
}

beforeAll(() => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  mkdirSync(join(folder, 'folder.yaml'))
  symlinkSync('loop.yaml', join(folder, 'loop.yaml'))
  for (const name of ['begun', 'torn', 'strange']) {
    mkdirSync(join(folder, 'labs', name), { recursive: true })
    writeFileSync(join(folder, 'labs', name, '.meshyard-run'), '')
  }
  const wrapper = { pid: 1, startTime: '0', boot: 'another' }
  const state = { version: 1, name: 'torn', topology: 'x', bare: true, wrapper }
  writeFileSync(join(folder, 'labs/torn/lab.json'), JSON.stringify(state))
  writeFileSync(join(folder, 'labs/torn/plan.json'), '{ "nodes"')
  writeFileSync(join(folder, 'labs/strange/lab.json'), '[]')
  writeFileSync(join(folder, 'labs/file'), '')
})

/** Those that do nothing to the machine whatever they are told; `report` and `diff` are a program of their own. */
const fuzzed = commandTable.filter(
  ({ name }) => !['run', 'report', 'diff', 'doctor', 'reap'].includes(name),
)

/** What keeps them from bringing up a lab, and from writing a file into the working folder. */
const needed: Readonly<Record<string, readonly string[]>> = {
  up: ['--proxy=command:/nowhere/kong'],
  init: ['nowhere/mine.yaml'],
}

const strange = [
  '',
  ' ',
  '--',
  '-x',
  '=',
  '%s',
  '\u{1f980}',
  '\ud800',
  '\u0000',
  '-1',
  '1e999',
  '../..',
]
const names = [
  'default',
  'begun',
  'torn',
  'strange',
  'file',
  'X',
  'x'.repeat(33),
  'x'.repeat(5_000),
]
const paths = [
  ...Object.keys(files),
  'folder.yaml',
  'loop.yaml',
  'missing.yaml/x.yaml',
  'empty.yaml/x.yaml',
  `${'x'.repeat(300)}.yaml`,
].map((name) => join(folder, name))
const words = fc.oneof(
  fc.constantFrom(
    ...strange.slice(2),
    ...names,
    ...paths,
    'sidecars',
    'chain:0',
    'star:9999',
    'full:x',
  ),
  fc.constantFrom('up', 'down', 'list', 'heal', 'swarm', 'kubernetes', 'delay', 'kill', 'words'),
  // Never a file that could be made.
  fc
    .string({ unit: 'binary', maxLength: 12 })
    .map((text) => `nowhere/${text.replaceAll('..', '')}`),
)

const lines = fc.constantFrom(...fuzzed).chain(({ name, options }) => {
  const option = fc.constantFrom(
    ...options.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])),
    '--name',
    '--no-such-option',
  )
  const part = fc.oneof(
    words.map((word) => [word]),
    fc.tuple(option, words).map((pair) => pair),
    fc.tuple(option, words).map(([long, word]) => [`${long}=${word}`]),
    option.map((long) => [long]),
  )
  return fc
    .array(part, { maxLength: 4 })
    .map((parts) => [name, ...(needed[name] ?? []), ...parts.flat()])
})

const homes = ['labs', 'labs/file', 'nowhere/at/all', 'empty.yaml/x', 'loop.yaml']

describe('any command line', () => {
  it(
    'is answered without a trace: done, or with a sentence and exit code 1 or 2',
    { timeout: 400_000 },
    async () => {
      const codes = new Set<number>()
      await fc.assert(
        fc.asyncProperty(lines, fc.constantFrom(...homes), async (line, home) => {
          const { code, stdout, stderr } = await meshyard(line, join(folder, home))
          codes.add(code)
          expect([0, 1, 2]).toContain(code)
          expect(`${stdout}${stderr}`).not.toMatch(/^ {4}at /m)
          // What programs read tells of a fault by itself.
          if (code !== 0 && !stdout.startsWith('{')) expect(stderr).toMatch(/^Error: \S[^]*\n$/)
          if (code === 0) expect(stderr).toBe('')
        }),
        { numRuns: 600 },
      )
      expect(codes).toEqual(new Set([0, 1, 2]))
    },
  )
})

function meshyard(argv: readonly string[], home: string): Promise<Told> {
  return runLine(argv, { MESHYARD_HOME: home, PATH: join(projectRoot, 'lab/bin') })
}
