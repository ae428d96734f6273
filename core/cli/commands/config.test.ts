import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openKongSandbox, type KongSandbox } from '#core/cli/kong-sandbox.ts'
import { freePorts } from '#core/base/loopback-ports.ts'

const advice = '\n\n  Run with --v (verbose) or --vv (debug) for more details\n'
const env = { KONG_PREFIX: 'kong-a', KONG_PLUGINS: 'key-auth' }

const document = `
_format_version: "1.1"
services:
- name: example
  host: 127.0.0.1
  routes: [{ paths: [/example] }]
  plugins: [{ name: key-auth }]
consumers:
- username: ann
  keyauth_credentials: [{ key: secret }]
`

async function put(sandbox: KongSandbox, name: string, text: string): Promise<void> {
  await writeFile(join(sandbox.folder, name), text)
}

describe('kong config', () => {
  it('prints its usage and fails without a subcommand or with an unknown one', async () => {
    await using sandbox = await openKongSandbox()
    const bare = await sandbox.kong(['config'])
    expect(bare).toMatchObject({ exitCode: 1, stdout: '' })
    expect(bare.stderr).toMatch(/^Usage: kong config COMMAND/)
    const unknown = await sandbox.kong(['config', 'foo'])
    expect(unknown.exitCode).toBe(1)
    expect(unknown.stderr).toMatch(/^No such command for config: foo\n\nUsage: kong config COMMAND/)
    expect(await sandbox.kong(['config', '--help'])).toEqual(bare)
  })

  it('init writes a file that can be parsed, and never over another', async () => {
    await using sandbox = await openKongSandbox()
    expect(await sandbox.kong(['config', 'init'])).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(await sandbox.kong(['config', 'parse', 'kong.yml'], env)).toMatchObject({
      exitCode: 0,
      stdout: 'parse successful\n',
    })
    await put(sandbox, 'kong.yml', 'mine')
    expect(await sandbox.kong(['config', 'init'])).toMatchObject({
      exitCode: 1,
      stderr: `Error: kong.yml already exists in the current directory.\nWill not overwrite it.${advice}`,
    })
    expect(await readFile(join(sandbox.folder, 'kong.yml'), 'utf8')).toBe('mine')
  })

  it('parse lists what is wrong with a file', async () => {
    await using sandbox = await openKongSandbox()
    await put(sandbox, 'bad.yml', '_format_version: "1.1"\nservices: [{ name: a }]\n')
    expect(await sandbox.kong(['config', 'parse', 'bad.yml'], env)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error: Failed parsing:\nin 'services':\n  - in entry 1 of 'services':\n    in 'host': required field missing${advice}`,
    })
    expect(await sandbox.kong(['config', 'parse', 'none.yml'], env)).toMatchObject({
      exitCode: 1,
      stderr: `Error: Failed parsing:\n${join(sandbox.folder, 'none.yml')}: No such file or directory${advice}`,
    })
    expect((await sandbox.kong(['config', 'parse'], env)).stderr).toMatch(
      /^Error: expected a declarative configuration file; /,
    )
  })

  it('case 89: db_import puts the file into the database, where a node finds it', async () => {
    await using sandbox = await openKongSandbox()
    const [admin = 0] = await freePorts(1)
    const node = { ...env, KONG_PROXY_LISTEN: 'off', KONG_ADMIN_LISTEN: `127.0.0.1:${admin}` }
    await put(sandbox, 'dbless.yml', document)
    expect(await sandbox.kong(['start'], node)).toMatchObject({ exitCode: 0 })
    const names = async (path: string): Promise<unknown> => {
      const page = await (await fetch(`http://127.0.0.1:${admin}${path}`)).json()
      return z.object({ data: z.array(z.unknown()) }).parse(page).data
    }
    expect(await names('/services')).toEqual([])
    // The settings are those of the prefix.
    expect(await sandbox.kong(['config', 'db_import', 'dbless.yml', '-p', 'kong-a'])).toEqual({
      exitCode: 0,
      stdout: 'parse successful, beginning import\nimport successful\n',
      stderr: '',
    })
    expect(await names('/services')).toMatchObject([{ name: 'example' }])
    expect(await names('/plugins')).toMatchObject([{ name: 'key-auth' }])
    expect(await names('/consumers/ann/key-auth')).toMatchObject([{ key: 'secret' }])
    expect(await sandbox.kong(['stop'], node)).toMatchObject({ exitCode: 0 })
  })

  it('db_import of a wrong file changes nothing', async () => {
    await using sandbox = await openKongSandbox()
    await put(sandbox, 'bad.yml', `${document}\nroutes: [{}]\n`)
    expect(await sandbox.kong(['config', 'import', 'bad.yml'], env)).toMatchObject({
      exitCode: 1,
      stdout: '',
    })
    await sandbox.kong(['config', 'db_export', 'after.yml'], env)
    expect(await readFile(join(sandbox.folder, 'after.yml'), 'utf8')).toBe(
      '_format_version: "1.1"\n',
    )
  })

  it('db_export writes a file that leads to the same entities', async () => {
    await using sandbox = await openKongSandbox()
    await put(sandbox, 'in.yml', document)
    const other = { ...env, KONG_SQLITE_FILE: 'other.sqlite' }
    for (const args of [
      ['db_import', 'in.yml'],
      ['db_export', 'first.yml'],
    ]) {
      expect(await sandbox.kong(['config', ...args], env)).toMatchObject({ exitCode: 0 })
    }
    for (const args of [
      ['db_import', 'first.yml'],
      ['db_export', 'second.yml'],
    ]) {
      expect(await sandbox.kong(['config', ...args], other)).toMatchObject({ exitCode: 0 })
    }
    const [first, second] = await Promise.all(
      ['first.yml', 'second.yml'].map(async (name) =>
        (await readFile(join(sandbox.folder, name), 'utf8')).replace(/updated_at: \d+/g, ''),
      ),
    )
    expect(first).toContain('name: example')
    expect(second).toBe(first)
    const again = await sandbox.kong(['config', 'db_export', 'first.yml'], env)
    expect(again.stderr).toBe(`Error: first.yml already exists.\nWill not overwrite it.${advice}`)
  })

  it('needs a database for import and export', async () => {
    await using sandbox = await openKongSandbox()
    await put(sandbox, 'in.yml', document)
    for (const command of ['db_import', 'db_export']) {
      const failed = await sandbox.kong(['config', command, 'in.yml'], {
        ...env,
        KONG_DATABASE: 'off',
      })
      expect(failed.exitCode).toBe(1)
      expect(failed.stderr).toContain(`'kong config ${command}' only works with a database.`)
    }
  })
})
