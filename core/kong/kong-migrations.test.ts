import { execFile } from 'node:child_process'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { freePorts } from '#core/base/loopback-ports.ts'
import type { TestPostgres } from '#core/store/open-test-postgres.ts'
import { useTestPostgres } from '#core/store/use-test-postgres.ts'
import { postgresVariables } from './postgres-variables.ts'

const command = fileURLToPath(new URL('../bin/kong', import.meta.url))

interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

let postgres: TestPostgres
useTestPostgres((opened) => (postgres = opened))

describe('kong on PostgreSQL', () => {
  it('case 76: does not start on an empty database, and does after a bootstrap', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'kong-'))
    const target = await postgres.createDatabase({ bootstrapped: false })
    const [admin = 0] = await freePorts(1)
    const env = {
      PATH: process.env['PATH'],
      KONG_PREFIX: 'kong-a',
      KONG_PLUGINS: 'off',
      KONG_PROXY_LISTEN: 'off',
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
      ...postgresVariables(target),
    }
    const kong = (...args: readonly string[]): Promise<Finished> => {
      const { promise, resolve } = Promise.withResolvers<Finished>()
      execFile(
        command,
        args,
        { cwd: folder.path, env, timeout: 50_000 },
        (error, stdout, stderr) => {
          const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
          resolve({ exitCode, stdout, stderr })
        },
      )
      return promise
    }
    await using _stopping = { [Symbol.asyncDispose]: async () => void (await kong('stop')) }

    const refused = await kong('start')
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
    expect(refused.stderr).toMatch(
      /^Error: database needs bootstrapping; run 'kong migrations bootstrap'\n/,
    )
    expect((await kong('migrations', 'list')).exitCode).toBe(3)
    expect(await kong('migrations', 'bootstrap')).toEqual({
      exitCode: 0,
      stdout: 'bootstrapping database...\ndatabase is up-to-date\n',
      stderr: '',
    })
    expect((await kong('migrations', 'list')).exitCode).toBe(0)
    expect(await kong('start')).toEqual({ exitCode: 0, stdout: 'Kong started\n', stderr: '' })
    const created = await fetch(`http://127.0.0.1:${admin}/services`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name": "kept", "host": "h.example"}',
    })
    expect(created.status).toBe(201)
    expect(await kong('restart', '--run-migrations')).toMatchObject({ exitCode: 0, stderr: '' })
    const kept = await fetch(`http://127.0.0.1:${admin}/services/kept`)
    expect(kept.status).toBe(200)
    expect(await kong('stop')).toMatchObject({ exitCode: 0 })
    expect(await kong('migrations', 'reset', '--yes')).toMatchObject({ exitCode: 0 })
    // With the flag an empty database is made ready by the start itself.
    expect(await kong('start', '--run-migrations')).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await fetch(`http://127.0.0.1:${admin}/services/kept`)).status).toBe(404)
  }, 120_000)
})
