import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import type { CommandEntry, OptionEntry } from './command-entry.ts'
import { commandTable } from './command-table.ts'
import { runLine, type Told } from './run-line.ts'

function meshyard(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Told> {
  return runLine(argv, {
    MESHYARD_HOME: '/nowhere',
    PATH: join(projectRoot, 'lab/bin'),
    ...environment,
  })
}

/** What each command must be given for its options to be looked at. */
const needed: Readonly<Record<string, readonly string[]>> = {
  render: ['swarm'],
  exec: ['service-a', 'true'],
  diff: ['--proxy', 'core'],
  fault: ['delay', 'mesh'],
}

/** Values that nothing could be of, by what an option takes. */
const impossible: Readonly<Record<string, string>> = {
  LAB: '../x',
  PROXY: 'nginx',
  SECONDS: 'soon',
  N: 'many',
  FORMAT: 'pdf',
}

function impossibleFor({ value = '', choices }: OptionEntry): string | undefined {
  return choices === undefined ? impossible[value] : 'nothing-such'
}

interface Case {
  readonly line: readonly string[]
  /** What the answer has to name. */
  readonly wrong: string
  readonly environment?: NodeJS.ProcessEnv
}

/** A command whose arguments are the command of a node has its options before them. */
function withOption({ name, takes }: CommandEntry, ...option: readonly string[]): Case {
  const given = needed[name] ?? []
  return {
    line: takes.includes('command') ? [name, ...option, ...given] : [name, ...given, ...option],
    wrong: option.at(-1)?.replace(/=.*/, '') ?? '',
  }
}

const cases: readonly Case[] = commandTable.flatMap((entry) => {
  const { name, options, takes } = entry
  const given = needed[name] ?? []
  const variadic = takes.some((kind) => kind === 'command' || kind === 'suite' || kind === 'run')
  return [
    withOption(entry, '--no-such-option'),
    withOption(entry, '-Z'),
    ...(variadic
      ? []
      : [{ line: [name, ...given, ...Array.from({ length: 9 }, () => 'x')], wrong: 'x' }]),
    ...options.flatMap((option): readonly Case[] => {
      const { long, short, value, variable } = option
      if (value === undefined) return [withOption(entry, `${long}=yes`)]
      const wrong = impossibleFor(option)
      return [
        ...(takes.includes('command') ? [] : [withOption(entry, long)]),
        ...(wrong === undefined ? [] : [withOption(entry, long, wrong)]),
        ...(wrong === undefined || short === undefined ? [] : [withOption(entry, short, wrong)]),
        ...(wrong === undefined || variable === undefined
          ? []
          : [{ line: [name, ...given], wrong, environment: { [variable]: wrong } }]),
      ]
    }),
  ]
})

describe('exit codes', () => {
  it('are tried for every command, and for names, backends and proxies wherever they are taken', () => {
    const tried = new Set(cases.map(({ line }) => line[0]))
    expect([...tried]).toEqual(commandTable.map(({ name }) => name))
    for (const long of ['--name', '--backend', '--proxy']) {
      const takers = commandTable.filter(({ options }) =>
        options.some((each) => each.long === long),
      )
      const missed = takers.filter(
        ({ name }) =>
          !cases.some(
            ({ line, wrong }) => line[0] === name && line[line.indexOf(wrong) - 1] === long,
          ),
      )
      expect(takers.length).toBeGreaterThan(1)
      expect(missed.map(({ name }) => name)).toEqual([])
    }
  })

  it.each(
    cases.map(({ line, wrong, environment = {} }) => {
      const set = Object.entries(environment).map(([key, value]) => `${key}=${value} `)
      return [`${set.join('')}${line.join(' ')}`, line, wrong, environment] as const
    }),
  )('are 2 for "%s", with one sentence', async (_title, line, wrong, environment) => {
    const { code, stdout, stderr } = await meshyard(line, environment)
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^Error: [^\n]+ See "meshyard help(?: [a-z]+)?"\.\n$/),
    })
    expect(stderr).toContain(wrong)
  })

  it.each([
    [['ps'], 'No lab named default is up'],
    [['exec', 'service-a', 'true'], 'No lab named default is up'],
    [['fault', 'delay', 'mesh', '--ms', '5'], 'No lab named default is up'],
    [['validate', 'nowhere.yaml'], 'nowhere.yaml'],
    [['plan', 'moon'], 'There is no topology "moon"'],
    [['render', 'swarm', 'moon'], 'There is no topology "moon"'],
    [['up', '--proxy', 'command:/nowhere/kong'], '/nowhere/kong cannot be run'],
    [['logs'], 'no lab named default'],
  ])('are 1 where what %j asks for is not there', async (line, message) => {
    const { code, stderr } = await meshyard(line)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
  })
})
