import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parsePage } from './parse-page.ts'
import { runPage, type StepResult } from './run-page.ts'

const command = (script: string, output?: string, info = 'sh'): string =>
  `\`\`\`${info}\n${script}\n\`\`\`\n${output === undefined ? '' : look('output', output)}`
const look = (info: string, output: string): string => `\`\`\`${info}\n${output}\n\`\`\`\n`

async function run(page: string, stepTimeoutMs = 15_000): Promise<readonly StepResult[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'page-'))
  return await runPage(parsePage(page), {
    folder: folder.path,
    environment: { PATH: process.env['PATH'] ?? '' },
    stepTimeoutMs,
  })
}

const forgets = (script: string): string => command(script, 'ready', 'sh console=a')

const faults = (results: readonly StepResult[]): unknown[] => results.map(({ fault }) => fault)

describe('runPage', () => {
  it('finds a true page true: several commands, both outputs, the folder kept', async () => {
    const page =
      command('echo one >file\ncat file; echo two >&2', 'one\ntwo') + command('cat file', 'o…')
    expect(faults(await run(page))).toEqual([undefined, undefined])
  })

  it('ends the input of a command once it has printed what is expected, and not before', async () => {
    const page = command('echo first; cat; echo last', 'first\nlast')
    expect(faults(await run(page, 300))).toEqual(['it does not end'])
    const waits = command(`echo ready; read -r line || echo "end of input: $line"`, 'ready\n…')
    expect(await run(waits)).toMatchObject([{ fault: undefined, printed: 'ready\nend of input:' }])
  })

  it('finds other output, another exit code and a later failure', async () => {
    expect(faults(await run(command('echo two', 'one')))).toEqual([
      'it prints something else than the page says',
    ])
    expect(faults(await run(command('echo one; exit 3', 'one')))).toEqual([
      'it ended with exit code 3',
    ])
    expect(faults(await run(command('false\necho one', 'one')))).toEqual([
      'it ended with exit code 1',
    ])
  })

  it('does not go on behind what is not true', async () => {
    const results = await run(command('false') + command('echo one', 'one'))
    expect(faults(results)).toEqual([
      'it ended with exit code 1',
      'not run, because the step on line 2 failed',
    ])
  })

  it('leaves a console running, looks at what appears in it later, and sees it ended by the page', async () => {
    const page =
      command(
        'touch log; echo "my pid is $$" | tee pid; exec tail -f log',
        'my pid is …',
        'sh console=log',
      ) +
      command('echo seen >>log; echo seen >>log') +
      look('output console=log', 'seen') +
      look('output console=log', 'seen') +
      command('kill $(grep -o "[0-9]*" pid)')
    const results = await run(page)
    expect(faults(results)).toEqual(results.map(() => undefined))
    expect(results.at(-1)).toMatchObject({ kind: 'end', title: 'console log has ended', line: 2 })
  })

  it('finds a console that fails, one that stays silent, and one that the page forgets', async () => {
    const missing = 'what the page expects does not appear'
    expect((await run(forgets('echo no; exit 4')))[0]).toMatchObject({
      exitCode: 4,
      fault: missing,
    })
    expect((await run(forgets('sleep 60'), 300))[0]?.fault).toBe(missing)
    expect(faults(await run(forgets('echo ready; sleep 60'), 3_000))).toEqual([
      undefined,
      'the page ends, and this still runs',
    ])
  })

  it('keeps in a session what its blocks set, where they go and what they start', async () => {
    const inSession = (script: string, output?: string): string =>
      command(script, output, 'sh session=s')
    const page =
      inSession('mkdir there; cd there; word=kept\nsleep 100 &') +
      inSession('basename "$PWD"; echo $word', 'there\nkept') +
      command('pwd | grep -c there$ || true', '0') +
      inSession('kill %1')
    const results = await run(page)
    expect(faults(results)).toEqual(results.map(() => undefined))
    expect(results.at(-1)).toMatchObject({ kind: 'end', title: 'session s has ended' })
  })

  it('finds other output, a failure and a command that does not end in a session', async () => {
    const info = 'sh session=s'
    expect((await run(command('echo two', 'one', info)))[0]?.fault).toBe(
      'it prints something else than the page says',
    )
    const failing = await run(command('true', undefined, info) + command('false; echo', '', info))
    expect(failing[1]?.fault).toBe('it ended with exit code 1')
    expect((await run(command('sleep 60', undefined, info), 300))[0]?.fault).toBe('it does not end')
  })
})
