import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kongCommand, openKongSandbox } from '#core/cli/kong-sandbox.ts'

const env = { KONG_PREFIX: 'kong-a' }

/** Types at `kong migrations reset` on a terminal, each line when it is asked for; what the terminal shows in the end. */
async function atTerminal(folder: string, typed: string): Promise<string> {
  const terminal = spawn('script', ['-qec', `${kongCommand} migrations reset`, '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = typed.match(/.*\n/g) ?? []
  let shown = ''
  let answered = 0
  for await (const chunk of terminal.stdout) {
    shown += String(chunk)
    const asked = shown.split('[Y/n] ').length - 1
    while (answered < Math.min(asked, lines.length)) terminal.stdin.write(lines[answered++] ?? '')
  }
  // The terminal echoes what is typed.
  return shown.replace(/(?<=\[Y\/n\] )\w*\r\n/g, '')
}

describe('kong migrations', () => {
  it('takes a SQLite file from nothing to the newest layout and back', async () => {
    await using sandbox = await openKongSandbox()
    const run = (...args: string[]) => sandbox.kong(['migrations', ...args], env)
    const needsBootstrap = "database needs bootstrapping; run 'kong migrations bootstrap'"
    expect(await run('list')).toEqual({ exitCode: 3, stdout: `${needsBootstrap}\n`, stderr: '' })
    for (const command of ['up', 'finish']) {
      const refused = await run(command)
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
      expect(refused.stderr).toMatch(new RegExp(`^Error: can't run migrations: ${needsBootstrap}`))
    }
    expect(await run('bootstrap')).toEqual({
      exitCode: 0,
      stdout: 'bootstrapping database...\ndatabase is up-to-date\n',
      stderr: '',
    })
    expect(await run('bootstrap')).toMatchObject({
      exitCode: 0,
      stdout: 'database already bootstrapped\n',
    })
    expect(await run('up')).toMatchObject({
      exitCode: 0,
      stdout: 'database is already up-to-date\n',
    })
    expect(await run('finish')).toMatchObject({
      exitCode: 0,
      stdout: 'no pending migrations to finish\n',
    })
    const listed = await run('list')
    expect(listed.exitCode).toBe(0)
    expect(listed.stdout).toMatch(/^executed migrations:\n {2}\S+\n/)
    // Who is no person cannot answer.
    const unasked = await sandbox.kong(['migrations', 'reset'], env, 'y\n')
    expect(unasked).toMatchObject({ exitCode: 1, stdout: '' })
    expect(unasked.stderr).toMatch(
      /^Error: not a tty: invoke 'reset' non-interactively with the --yes flag\n/,
    )
    for (const typed of ['no\n', '\n\n\n', 'sure\nn\n']) {
      expect(await atTerminal(sandbox.folder, typed)).toMatch(/\[Y\/n\] cancelled\r\n$/)
      expect((await run('list')).exitCode).toBe(0)
    }
    expect(await atTerminal(sandbox.folder, 'what\ny\n')).toMatch(
      /\[Y\/n\] resetting database...\r\ndatabase successfully reset\r\n$/,
    )
    expect((await run('list')).exitCode).toBe(3)
    expect(await run('reset', '-y')).toMatchObject({
      exitCode: 1,
      stdout: 'database not bootstrapped, nothing to reset\n',
    })
  })

  it('says nothing but faults when told to be quiet, and more when told to be verbose', async () => {
    await using sandbox = await openKongSandbox()
    expect(await sandbox.kong(['migrations', 'bootstrap', '-q'], env)).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    })
    expect(existsSync(join(sandbox.folder, 'kong.sqlite'))).toBe(true)
    await sandbox.kong(['migrations', 'reset', '-y', '-q'], env)
    const verbose = await sandbox.kong(['migrations', 'bootstrap', '--v'], env)
    expect(verbose.stdout).toMatch(/\[verbose\] executed migration \S+\n/)
  })

  it('has nothing to do where there is no database', async () => {
    await using sandbox = await openKongSandbox()
    const failed = await sandbox.kong(['migrations', 'up'], { ...env, KONG_DATABASE: 'off' })
    expect(failed.exitCode).toBe(1)
    expect(failed.stderr).toMatch(/^Error: 'kong migrations' needs a database: /)
  })

  it('says where it looked for a database that cannot be reached, and does not wait for ever', async () => {
    await using sandbox = await openKongSandbox()
    const unreachable = { ...env, KONG_DATABASE: 'postgres', KONG_PG_PORT: '1' }
    for (const args of [['migrations', 'list'], ['start']]) {
      const failed = await sandbox.kong([...args, '--db-timeout', '2'], unreachable)
      expect(failed.exitCode).toBe(1)
      expect(failed.stderr).toContain('127.0.0.1:1')
    }
    const bad = await sandbox.kong(['migrations', 'list', '--db-timeout', 'soon'], env)
    expect(bad.stderr).toMatch(/^Error: --db-timeout must be a number of seconds of at least 1 /)
  })
})
