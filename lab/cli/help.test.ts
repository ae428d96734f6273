import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { commandTable } from './command-table.ts'
import { runLine, type Told } from './run-line.ts'

function meshyard(...argv: readonly string[]): Promise<Told> {
  return runLine(argv, { MESHYARD_HOME: '/nowhere', PATH: join(projectRoot, 'lab/bin') })
}

describe('meshyard help', () => {
  it('names every command once, and is what a person gets who asks for nothing', async () => {
    const { code, stdout } = await meshyard('help')
    expect(code).toBe(0)
    for (const { name, summary } of commandTable) {
      expect(stdout.match(new RegExp(`^  ${name} +${RegExp.escape(summary)}$`, 'gm'))).toHaveLength(
        1,
      )
    }
    expect(await meshyard()).toEqual({ code: 2, stdout, stderr: '' })
    expect(await meshyard('--help')).toEqual({ code: 0, stdout, stderr: '' })
  })

  it.each(commandTable.map(({ name }) => name))('tells all about %s', async (name) => {
    const { code, stdout } = await meshyard('help', name)
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^Usage: meshyard ${name}\\b`))
    for (const { long, text } of commandTable.find((entry) => entry.name === name)?.options ?? []) {
      expect(stdout).toContain(long)
      expect(stdout).toContain(text)
    }
    expect(await meshyard(name, '--help')).toEqual({ code: 0, stdout, stderr: '' })
  })

  it('stands aside where a node is to run a command that has help of its own', async () => {
    const { code, stdout } = await meshyard('up', 'pods', '--help')
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage/) })
    expect(await meshyard('exec', 'kong-a', 'kong', '--help')).toMatchObject({
      code: 1,
      stdout: '',
    })
  })

  it('tells which version this is', async () => {
    const { code, stdout } = await meshyard('--version')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })

  it('loads something to run for each command', async () => {
    for (const { load } of commandTable) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await load()).toBeTypeOf('function')
    }
  })

  it('points to itself where a command line cannot be understood', async () => {
    expect(await meshyard('fly')).toMatchObject({
      code: 2,
      stderr: 'Error: There is no command "fly". See "meshyard help".\n',
    })
    expect(await meshyard('help', 'fly')).toMatchObject({ code: 2 })
    const { code, stderr } = await meshyard('tap', '--fast')
    expect(code).toBe(2)
    expect(stderr).toMatch(/See "meshyard help tap"\.\n$/)
  })
})

describe('verbs that look inside and prove', () => {
  it.each([
    ['tap -o yaml', 2, '"yaml" is no output format: use table or json.'],
    ['tap --for soon', 2, '--for takes seconds, up to a day, not "soon".'],
    ['tap', 1, 'No lab named default is up'],
    ['capture', 1, 'No lab named default is up'],
    ['run kong/nothing-such', 2, 'No file of scenarios has "kong/nothing-such" in its path.'],
    ['run soak', 2, 'No file of scenarios has "soak" in its path.'],
    ['run --proxy nginx', 2, '"nginx" is no proxy'],
    ['diff latest', 2, 'Name two runs, or two proxies by --proxy.'],
    ['diff --proxy core', 2, 'Name two proxies: --proxy A --proxy B.'],
    ['diff --proxy core --proxy command:/nowhere/kong', 1, '/nowhere/kong cannot be run'],
    ['run --topology nothing', 2, 'Nothing is claimed on "nothing": use sidecars, tutorial, pods.'],
    ['plan --name ../x', 2, '"../x" cannot name a lab'],
    ['help up down', 2, '"down" is one argument too many.'],
    ['up --fast', 2, 'Error: There is no option --fast here. See "meshyard help up".'],
    ['up --name', 2, 'Error: --name takes a value;'],
    ['up --bare=yes', 2, 'Error: --bare takes no value. See'],
    ['fault delay mesh --ms -3', 2, 'a hyphen is joined on: --ms=-1. See'],
    ['completion tcsh', 2, 'Say for which shell: bash, zsh, fish, not "tcsh".'],
  ])('answer "%s" with exit code %i and a reason', async (line, code, message) => {
    const answer = await meshyard(...line.split(' '))
    expect(answer.stderr).toContain(message)
    expect(answer.code).toBe(code)
  })
})
