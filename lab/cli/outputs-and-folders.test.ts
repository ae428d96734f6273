import { chmodSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { whyClosedToOthers } from '#lab/rootless/project-of-nobody.ts'
import { runToEnd, type Ended } from '#lab/run/run-to-end.ts'

const program = join(projectRoot, 'lab/bin/meshyard')
const timeout = 120_000
const stranger = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', program]

describe('a reader that has had enough', () => {
  it.each([
    ['help | true', 'help'],
    ['plan full:20 | head -1', 'plan'],
    ['plan full:20 -o json | head -c 0', 'plan'],
    ['help >&-', 'help'],
  ])('is no fault of "%s"', { timeout }, async (line) => {
    const script = `set -o pipefail; "$0" ${line}`
    const ended = await runToEnd(['bash', '-c', script, program])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })
})

it('says in one sentence that its output cannot be written', { timeout }, async () => {
  const ended = await runToEnd(['bash', '-c', '"$0" help >/dev/full', program])
  expect(ended).toStrictEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^Error: Cannot write to standard output: ENOSPC[^\n]*\n$/),
  })
})

describe('a working folder that is gone', () => {
  it.each([
    [['validate'], 'The working folder is gone'],
    [['graph'], 'The working folder is gone'],
    [['plan'], 'The working folder is gone'],
    [['up', '--bare'], 'The working folder is gone'],
    [['render', 'swarm'], 'The working folder is gone'],
    [['diff', 'one', 'two'], 'The working folder is gone'],
    [['init'], 'Cannot write meshyard.yaml'],
    [['ps'], 'No lab named default is up'],
  ])('answers %j in a sentence', { timeout }, async (args, message) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
    const gone = join(folder.path, 'gone')
    const script = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"'
    const ended = await runToEnd(['sh', '-c', script, gone, program, ...args], {
      environment: { MESHYARD_HOME: join(folder.path, 'labs') },
    })
    // The shell that finds Node has a word of its own.
    const own = ended.stderr.replace(/^\S*sh: .*getcwd.*\n/, '')
    expect(own).toMatch(/^Error: [^\n]+\n$/)
    expect(own).toContain(message)
    expect(ended).toMatchObject({ code: 1, stdout: '' })
  })

  it('is no trouble for commands that need none', { timeout }, async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
    const script = 'cd "$0" && mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    const ended = await runToEnd(['sh', '-c', script, folder.path, program, 'help'])
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: meshyard') })
  })
})

it('needs no HOME, and hardly any environment', { timeout }, async () => {
  const ended = await runToEnd(['env', '-i', program, 'validate', 'pods'])
  expect(ended).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('can run'),
    stderr: '',
  })
})

describe('a folder of labs that is a file', () => {
  it.each([
    [['ps'], 1, 'Error: No lab named default is up'],
    [['up'], 1, 'a file is where a folder has to be. Set MESHYARD_HOME to a folder'],
    [['down'], 0, ''],
  ])('%s answers in a sentence', { timeout }, async (args, code, message) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
    const home = join(folder.path, 'file')
    writeFileSync(home, '')
    const environment = { MESHYARD_HOME: home }
    const ended = await runToEnd([program, ...args], { environment })
    expect(ended.stderr).toContain(message)
    expect(ended).toMatchObject({ code, stderr: expect.not.stringContaining('    at ') })
  })
})

it.each(['/proc/nowhere', `/tmp/${'x'.repeat(300)}`])(
  'answers in a sentence that no lab can be in %s',
  { timeout },
  async (home) => {
    const command = ['timeout', '--kill-after=1', '10', program, 'up', '--bare']
    const ended = await runToEnd(command, { environment: { MESHYARD_HOME: home } })
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: Cannot (?:make|read) the run folder [^\n]*\n$/),
    })
  },
)

it('writes TypeScript that is valid where no package is installed', { timeout }, async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
  const options = { cwd: folder.path }
  expect(await runToEnd([program, 'init', 'mine.ts'], options)).toMatchObject({ code: 0 })
  const ended = await runToEnd([program, 'validate', 'mine.ts'], options)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
})

describe.runIf(process.geteuid?.() === 0)('a stranger', () => {
  it.for(['run', 'diff --proxy core --proxy core'])(
    'is told in a sentence why "%s" runs no scenarios here',
    { timeout },
    async (line, { skip }) => {
      const closed = whyClosedToOthers()
      if (closed !== undefined) skip(closed)
      const ended = await runToEnd([...stranger, ...line.split(' ')])
      expect(ended).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^Error: Scenarios write their reports below [^\n]*\n$/m),
      })
    },
  )
})

describe.runIf(process.geteuid?.() === 0)('a lab that is up', () => {
  it(
    'is left alone by others, refuses captures to a full disk and of no link, in a sentence each, and empties no file for them',
    { timeout: 120_000 },
    async ({ skip }) => {
      const closed = whyClosedToOthers()
      if (closed !== undefined) skip(closed)
      using folder = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
      chmodSync(folder.path, 0o755)
      const environment = { MESHYARD_HOME: folder.path }
      const meshyard = (...args: readonly string[]): Promise<Ended> =>
        runToEnd([program, ...args], { environment })
      try {
        expect(await meshyard('up', '--bare')).toMatchObject({ code: 0 })
        for (const command of ['ps', 'down']) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other, as a person would
          const ended = await runToEnd([...stranger, command], { environment })
          expect(ended).toMatchObject({ code: 1, stdout: '' })
          expect(ended.stderr).toMatch(/^Error: [^\n]* belongs to another user[^\n]*\n$/)
        }
        expect(await meshyard('capture', '--for', '5', '-w', '/dev/full')).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/^Error: Cannot write \/dev\/full: ENOSPC/m),
        })
        const taken = join(folder.path, 'taken.pcapng')
        writeFileSync(taken, 'of yesterday')
        expect(await meshyard('capture', 'moon', '--for', '5', '-w', taken)).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/^Error: The lab default has no link "moon"/),
        })
        expect(readFileSync(taken, 'utf8')).toBe('of yesterday')
        expect(await meshyard('up', '--bare', '--key-log')).toMatchObject({
          code: 1,
          stderr: expect.stringContaining('is up without --key-log'),
        })
        expect(await meshyard('ps')).toMatchObject({ code: 0 })
      } finally {
        expect(await meshyard('down')).toMatchObject({ stdout: 'The lab default is down.\n' })
      }
    },
  )
})
