import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openKongSandbox } from '#core/cli/kong-sandbox.ts'
import { freePorts, listenOnLoopback } from '#core/base/loopback-ports.ts'

interface Ground extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  readonly proxy: string
  readonly admin: string
  readonly upstreamPort: number
}

async function openGround(): Promise<Ground> {
  const server = createServer((request, response) => response.end(`got ${request.url}`))
  const upstreamPort = await listenOnLoopback(server)
  const [proxy = 0, admin = 0] = await freePorts(2)
  return {
    env: {
      KONG_PREFIX: 'kong-a',
      KONG_DATABASE: 'off',
      KONG_DECLARATIVE_CONFIG: 'kong.yml',
      KONG_PLUGINS: 'key-auth',
      KONG_PROXY_LISTEN: `127.0.0.1:${proxy}`,
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    },
    proxy: `http://127.0.0.1:${proxy}`,
    admin: `http://127.0.0.1:${admin}`,
    upstreamPort,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const documentOf = (port: number, path: string): string => `
_format_version: "1.1"
services:
- name: example
  url: http://127.0.0.1:${port}
  routes: [{ paths: [${path}], strip_path: false }]
  plugins: [{ name: key-auth }]
consumers:
- { username: ann, keyauth_credentials: [{ key: secret }] }
`

describe('kong start with database off', () => {
  it('case 77: serves the routes of a valid declarative file, with their plugins', async () => {
    await using sandbox = await openKongSandbox()
    await using ground = await openGround()
    const { env, proxy, upstreamPort } = ground
    await writeFile(join(sandbox.folder, 'kong.yml'), documentOf(upstreamPort, '/example'))
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await fetch(`${proxy}/example`)).status).toBe(401)
    const answer = await fetch(`${proxy}/example`, { headers: { apikey: 'secret' } })
    expect(await answer.text()).toBe('got /example')
    expect((await fetch(`${proxy}/other`)).status).toBe(404)
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('case 78: does not start with an invalid one, and lists what is wrong', async () => {
    await using sandbox = await openKongSandbox()
    await using ground = await openGround()
    const file = join(sandbox.folder, 'kong.yml')
    await writeFile(
      file,
      '_format_version: "1.1"\nservices: [{ name: a }]\nroutes: [{ service: b, paths: [/] }]\n',
    )
    const failed = await sandbox.kong(['start'], ground.env)
    expect(failed).toMatchObject({ exitCode: 1, stdout: '' })
    expect(failed.stderr.split('\n').slice(0, 7)).toEqual([
      `Error: error parsing declarative config file ${file}:`,
      "in 'services':",
      "  - in entry 1 of 'services':",
      "    in 'host': required field missing",
      "in 'routes':",
      "  - in entry 1 of 'routes':",
      "    in 'service': invalid reference 'service: b' (no such entry in 'services')",
    ])
    expect((await sandbox.kong(['health'], ground.env)).exitCode).toBe(1)
    const missing = await sandbox.kong(['start'], {
      ...ground.env,
      KONG_DECLARATIVE_CONFIG: 'none.yml',
    })
    const path = join(sandbox.folder, 'none.yml')
    expect(missing.stderr).toContain(
      `error parsing declarative config file ${path}:\n${path}: No such file or directory`,
    )
  })

  it('reads the file again at a reload, and stays as it was when the file has become wrong', async () => {
    await using sandbox = await openKongSandbox()
    await using ground = await openGround()
    const { env, proxy, upstreamPort } = ground
    const file = join(sandbox.folder, 'kong.yml')
    const statusOf = async (path: string): Promise<number> =>
      (await fetch(`${proxy}${path}`)).status
    await writeFile(file, documentOf(upstreamPort, '/one'))
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    expect(await statusOf('/one')).toBe(401)
    await writeFile(file, documentOf(upstreamPort, '/two'))
    expect(await sandbox.kong(['reload'], env)).toMatchObject({ exitCode: 0 })
    await expect.poll(() => statusOf('/two')).toBe(401)
    expect(await statusOf('/one')).toBe(404)
    await writeFile(file, 'nonsense')
    await sandbox.kong(['reload'], env)
    await expect.poll(() => sandbox.errorLog('kong-a')).toContain('expected a table as input')
    expect(await statusOf('/two')).toBe(401)
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })

  it('case 153: takes a new declaration from the Admin API, and no other write', async () => {
    await using sandbox = await openKongSandbox()
    await using ground = await openGround()
    const { env, proxy, admin, upstreamPort } = ground
    await writeFile(join(sandbox.folder, 'kong.yml'), documentOf(upstreamPort, '/one'))
    expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
    const post = async (path: string, body: object): Promise<readonly [number, unknown]> => {
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(body) }
      const response = await fetch(`${admin}${path}`, init)
      return [response.status, await response.json()]
    }
    expect(await post('/routes', { paths: ['/x'] })).toEqual([
      405,
      expect.objectContaining({
        code: 12,
        message: "cannot create 'routes' entities when not using a database",
      }),
    ])
    for (const [path, body] of [
      ['/yaml', { config: documentOf(upstreamPort, '/yaml') }],
      [
        '/text',
        { config: JSON.stringify({ _format_version: '1.1', routes: [{ paths: ['/text'] }] }) },
      ],
      ['/json', { _format_version: '1.1', routes: [{ paths: ['/json'] }] }],
    ] as const) {
      const [status, entities] = await post('/config', body)
      expect(status).toBe(201)
      expect(entities).toHaveProperty('routes')
      expect((await fetch(`${proxy}${path}`)).status).not.toBe(404)
    }
    // The last one replaced all that was before.
    expect((await fetch(`${proxy}/yaml`)).status).toBe(404)
    expect(await post('/config', { config: 'bobo' })).toEqual([
      400,
      { error: 'expected a table as input' },
    ])
    expect(await post('/config', { _format_version: '1.1', routes: [{}] })).toMatchObject([
      400,
      { error: { routes: [{}] } },
    ])
    expect((await fetch(`${proxy}/json`)).status).not.toBe(404)
    expect(await sandbox.kong(['stop'], env)).toMatchObject({ exitCode: 0 })
  })
})
