import { chmodSync, existsSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openLab, type Lab } from '#lab/lab.ts'
import { projectRoot } from '#lab/run/home.ts'

const timeout = 240_000
const lateMs = 2_000

it(
  'a reset waits until proxies of another make go by what Kong is told again, and leaves no trace of having asked',
  { timeout },
  async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
    const program = join(folder.path, 'kong')
    // One that says nothing of what it goes by.
    writeFileSync(
      program,
      `#!/bin/sh\nKONG_LOG_LEVEL=error exec ${projectRoot}/core/bin/kong "$@"\n`,
    )
    chmodSync(program, 0o755)
    await using lab = await openLab('sidecars', { proxy: `command:${program}` })
    const before = await entities(lab)
    expect(await asked(lab)).toBe(200)

    const routes: { readonly data: readonly { readonly id: string }[] } = JSON.parse(
      (await admin(lab, 'GET', '/routes')).text,
    )
    for (const { id } of routes.data) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as a person would
      expect(await admin(lab, 'DELETE', `/routes/${id}`)).toMatchObject({ status: 204 })
    }
    await expect.poll(() => asked(lab)).toBe(404)

    // One of them hears late of what it is told again: it does nothing for a while.
    const signal = (name: string): string => `kill -${name} $(cat kong-b/pids/nginx.pid)`
    const stopped = await lab.exec('kong-b', ['sh', '-euc', signal('STOP')])
    expect(stopped).toMatchObject({ exitCode: 0, stderr: '' })
    const later = `sleep ${lateMs / 1000}; touch goes-on; ${signal('CONT')}`
    const goingOn = lab.exec('kong-b', ['sh', '-euc', later])
    const { clean, differences } = await lab.reset()
    // Not before it could hear.
    expect(existsSync(join(lab.folder, 'goes-on'))).toBe(true)
    expect(await asked(lab)).toBe(200)
    expect({ clean, differences }).toEqual({ clean: true, differences: [] })
    expect(await goingOn).toMatchObject({ exitCode: 0 })
    expect(await entities(lab)).toEqual(before)
  },
)

/** What Kong B makes of a request, which both must know a route for. */
async function asked(lab: Lab): Promise<number> {
  await using client = lab.node('service-a')
  const response = await client.fetch('http://10.2.0.6:18000/')
  await response.text()
  return response.status
}

async function admin(lab: Lab, method: string, path: string) {
  await using control = lab.node('control-plane')
  const response = await control.fetch(`http://127.0.0.1:8001${path}`, { method })
  return { status: response.status, text: await response.text() }
}

async function entities(lab: Lab): Promise<readonly string[]> {
  const [services, routes] = await Promise.all(
    ['/services', '/routes'].map(async (path) => {
      const page: { readonly data: readonly { readonly id: string }[] } = JSON.parse(
        (await admin(lab, 'GET', path)).text,
      )
      return page.data.map(({ id }) => id).toSorted()
    }),
  )
  return [...(services ?? []), ...(routes ?? [])]
}
