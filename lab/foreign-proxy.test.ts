import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLab } from '#lab/lab.ts'
import { projectRoot } from '#lab/run/home.ts'

const timeoutMs = 120_000
const kong = join(projectRoot, 'core/bin/kong')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshyard-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A Kong that is as the product's own but for one setting. */
function otherKong(setting: string): string {
  const program = join(folder, 'other-kong')
  writeFileSync(program, `#!/bin/sh\n${setting} exec ${kong} "$@"\n`)
  chmodSync(program, 0o755)
  return program
}

/** System V memory of this machine that no process uses: it outlives them. Other tests have servers of their own. */
function unusedMemory(): readonly string[] {
  const lines = readFileSync('/proc/sysvipc/shm', 'utf8').trim().split('\n').slice(1)
  return lines.flatMap((line) => {
    const [key, id, _mode, _size, _creator, _last, attached] = line.trim().split(/\s+/)
    return attached === '0' ? [`${key} ${id}`] : []
  })
}

describe('a Kong that is not the own one', () => {
  it(
    'proxies with what PostgreSQL holds, and shows what is different about it',
    { timeout: timeoutMs },
    async () => {
      const before = new Set(unusedMemory())
      const programs = [kong, otherKong('KONG_HEADERS=off')]
      const via: (string | null)[] = []
      for (const program of programs) {
        // oxlint-disable no-await-in-loop -- each has all of the machine
        await using lab = await openLab('sidecars', { proxy: `command:${program}` })
        await using client = lab.node('service-a')
        const response = await client.fetch('https://10.2.0.6:18443/', { tls: { insecure: true } })
        expect(response.status).toBe(200)
        via.push(response.headers.get('via'))
        await response.text()
        // kong-b was reached over the mesh by kong-a.
        const accessLog = async (): Promise<string | undefined> =>
          (await lab.logs('kong-b')).find(({ name }) => name === 'access.log')?.text
        await expect.poll(accessLog).toContain('10.0.0.3 ')
        const services = await lab.node('control-plane').fetch('http://127.0.0.1:8001/services')
        const names = lab.topology.kong?.services.map((service) => service.name) ?? []
        expect(await services.json()).toMatchObject({
          data: expect.toSatisfy((data: readonly unknown[]) => data.length === names.length),
        })
        // They did not find them in the file that the own one shares.
        expect(existsSync(join(lab.folder, 'kong.sqlite'))).toBe(false)
        // oxlint-enable no-await-in-loop
      }
      expect(via).toEqual(['kong/1.1.3', null])
      // A server of another test lets go of its own just before it is gone.
      await expect.poll(() => unusedMemory().filter((each) => !before.has(each))).toEqual([])
    },
  )

  it.runIf(process.geteuid?.() === 0)(
    'is known by its user in a pod, for it marks nothing that it dials',
    { timeout: timeoutMs },
    async () => {
      const proxy = `command:${otherKong('unset MESHYARD_SOCKET_MARK;')}`
      await using lab = await openLab('pods', { proxy })
      await using client = lab.node('service-a')
      const response = await client.fetch('http://10.0.0.6:18000/')
      expect(await response.json()).toMatchObject({
        headers: { 'x-real-ip': '10.0.0.2' },
        source: expect.stringMatching(/^10\.0\.0\.2:/),
      })
    },
  )

  it('is refused where it cannot be run', async () => {
    await expect(openLab('sidecars', { proxy: 'command:/nowhere/kong' })).rejects.toThrow(
      'The proxy /nowhere/kong cannot be run: there is no such program.',
    )
    await expect(
      openLab('sidecars', { proxy: 'image:kong:1.1.3', backend: 'namespaces' }),
    ).rejects.toThrow('is an image, and these nodes are no containers: add --backend containers')
  })
})
