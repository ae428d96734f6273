import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type KongSandbox, openKongSandbox } from '#core/cli/kong-sandbox.ts'
import { freePorts } from '#core/base/loopback-ports.ts'
import { readClusterCa } from '#core/kong/mesh/ensure-cluster-ca.ts'
import { makeAuthority } from '#core/kong/mesh/make-authority.ts'
import { meshProtocol } from '#core/kong/mesh/mesh-protocol.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'

describe('kong mesh rotate-ca', () => {
  it(
    'takes the nodes of a running cluster over to a new authority',
    { timeout: 120_000 },
    async () => {
      await using sandbox = await openKongSandbox()
      const nodes = await Promise.all(['a', 'b'].map((name) => startNode(sandbox, name)))
      const [one = {}] = nodes
      await expect.poll(() => memberships(sandbox, 'a')).toHaveLength(1)
      const before = await authority(sandbox)
      const rotated = await sandbox.kong(['mesh', 'rotate-ca', '--wait', '3'], one)
      const after = await authority(sandbox)
      expect(after).not.toBe(before)
      expect(rotated).toEqual({
        exitCode: 0,
        stderr: '',
        stdout: [
          `accepted by all nodes from now on: ${after}`,
          `preferred by all nodes from now on: ${after}`,
          `the only one from now on: ${after}`,
          '',
        ].join('\n'),
      })
      for (const name of ['a', 'b']) {
        // oxlint-disable-next-line no-await-in-loop
        await expect
          .poll(() => memberships(sandbox, name))
          .toEqual([
            before,
            `${before}, and accepts ${after}`,
            `${after}, and accepts ${before}`,
            after,
          ])
      }
      for (const node of nodes) {
        // oxlint-disable-next-line no-await-in-loop
        expect(await sandbox.kong(['stop'], node)).toMatchObject({ exitCode: 0 })
      }
    },
  )

  it('says what it does in --help, and what is missing without a database or an authority', async () => {
    await using sandbox = await openKongSandbox()
    const help = await sandbox.kong(['mesh', '--help'])
    expect(help.stderr).toContain('Usage: kong mesh COMMAND [OPTIONS]')
    expect(help.stderr).toMatch(
      /rotate-ca +replace the certificate authority of the running cluster/,
    )
    expect(help.stderr).toMatch(/--wait +seconds/)
    const off = await sandbox.kong(['mesh', 'rotate-ca'], { KONG_DATABASE: 'off' })
    expect(off.exitCode).toBe(1)
    expect(off.stderr).toContain("Error: 'kong mesh rotate-ca' only works with a database.")
    const empty = await sandbox.kong(['mesh', 'rotate-ca'], { KONG_PREFIX: 'kong-a' })
    expect(empty.exitCode).toBe(1)
    expect(empty.stderr).toContain('Error: the cluster has no authority yet')
    const wrong = await sandbox.kong(['mesh', 'rotate-ca', '--wait', 'long'])
    expect(wrong.stderr).toContain('--wait must be a number of seconds of at least 0')
  })
})

describe('kong config', () => {
  it('imports the authority of a cluster and exports it to nobody', async () => {
    await using sandbox = await openKongSandbox()
    const env = { KONG_PREFIX: 'kong-a' }
    const { cert, key } = await makeAuthority()
    const document = {
      _format_version: '1.1',
      cluster_ca: [{ cert, key }],
      services: [{ name: 's', host: 'h.test' }],
    }
    await writeFile(join(sandbox.folder, 'in.yml'), JSON.stringify(document))
    expect(await sandbox.kong(['config', 'parse', 'in.yml'], env)).toMatchObject({ exitCode: 0 })
    expect(await sandbox.kong(['config', 'db_import', 'in.yml'], env)).toMatchObject({
      exitCode: 0,
    })
    expect(await authority(sandbox)).toBe(meshProtocol(cert))
    expect(await sandbox.kong(['config', 'db_export', 'out.yml'], env)).toMatchObject({
      exitCode: 0,
    })
    const exported = await readFile(join(sandbox.folder, 'out.yml'), 'utf8')
    expect(exported).toContain('h.test')
    expect(exported).not.toContain('cluster_ca')
    expect(exported).not.toContain('PRIVATE KEY')
  })
})

async function startNode(
  sandbox: KongSandbox,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const [port = 0] = await freePorts(1)
  const env = {
    KONG_PREFIX: name,
    KONG_PROXY_LISTEN: `127.0.0.1:${port}`,
    KONG_ADMIN_LISTEN: 'off',
  }
  expect(await sandbox.kong(['start'], env)).toMatchObject({ exitCode: 0 })
  return env
}

/** What a node has said about the mesh it belongs to. */
async function memberships(sandbox: KongSandbox, name: string): Promise<readonly string[]> {
  const log = await sandbox.errorLog(name)
  return [...log.matchAll(/this node is a member of the mesh (.*)$/gm)].map(([, text = '']) => text)
}

async function authority({ folder }: KongSandbox): Promise<string> {
  await using store = await openSqliteStore(join(folder, 'kong.sqlite'))
  const row = await store.read(readClusterCa)
  return meshProtocol(row?.cert ?? '')
}
