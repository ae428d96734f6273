import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import { openKongCluster } from '#scenarios/support/kong-cluster.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'
import { clusterAuthority } from './cluster-authority.ts'
import { openPostgresServer } from './postgres-server.ts'

const plugins = `bundled, ${fileURLToPath(new URL('../../examples/plugins', import.meta.url))}/header-by-phase.ts`

describe('two clusters whose databases hold the same cluster_ca', () => {
  it('are one mesh: each node takes those of the other cluster for its own', async () => {
    await using postgres = await openPostgresServer()
    await using here = await openKongCluster()
    await using there = await openKongCluster()
    const [one, other] = [await postgres.createDatabase(), await postgres.createDatabase()]
    for (const [cluster, { settings }] of [
      [here, one],
      [there, other],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const bootstrapped = await cluster.kong(['migrations', 'bootstrap'], settings)
      expect(bootstrapped).toMatchObject({ exitCode: 0 })
    }
    const first = await here.start('kong-a', { plugins, ...one.settings })
    const mesh = await joinedMesh([first])
    const alone = await there.start('kong-x', { plugins, ...other.settings })
    expect(await joinedMesh([alone])).not.toBe(mesh)

    const rows = `SELECT body FROM meshyard.documents WHERE collection = 'cluster_ca'`
    const [row] = await one.query(rows)
    await other.query(`UPDATE meshyard.documents SET body = $1 WHERE collection = 'cluster_ca'`, [
      row?.['body'],
    ])
    await alone.kong('stop')
    const second = await there.start('kong-y', { plugins, ...other.settings })
    expect(await joinedMesh([first, second])).toBe(mesh)

    // Nothing else is shared: entities are those of each database.
    await openWebRoute(
      { node: first, cluster: here },
      {
        service: { protocol: 'https', host: second.address, port: 8443 },
        route: { hosts: ['abroad.test'], preserve_host: true },
      },
    )
    await openWebRoute({ node: second, cluster: there }, { route: { hosts: ['abroad.test'] } })
    await second.configure('POST', '/plugins', {
      name: 'header-by-phase',
      run_on: 'second',
      config: { name: 'x-ran' },
    })
    await expect
      .poll(async () => {
        const { status, headers } = await first.get('/', { host: 'abroad.test' })
        return [status, headers['x-ran']]
      })
      .toEqual([200, 'rewrite access head'])
    expect(await first.configure('GET', '/routes')).not.toEqual(
      await second.configure('GET', '/routes'),
    )
  })
})

describe('a node without a database', () => {
  it('belongs to the mesh whose cluster_ca its file declares', async () => {
    await using cluster = await openKongCluster()
    const first = await cluster.start('kong-a', { plugins })
    const mesh = await joinedMesh([first])
    const { cert, key } = await clusterAuthority(cluster.folder)
    const { address, ports } = cluster.echo
    const declared = {
      _format_version: '1.1',
      cluster_ca: [{ cert, key }],
      services: [
        {
          name: 'echo',
          host: address,
          port: ports.http,
          protocol: 'http',
          routes: [{ name: 'abroad', hosts: ['abroad.test'] }],
        },
      ],
      plugins: [{ name: 'header-by-phase', run_on: 'second', config: { name: 'x-ran' } }],
    }
    const file = join(cluster.folder, 'declared.yml')
    await writeFile(file, JSON.stringify(declared))
    const second = await cluster.start('kong-b', {
      plugins,
      database: 'off',
      declarative_config: file,
    })
    expect(await joinedMesh([second])).toBe(mesh)
    await openWebRoute(
      { node: first, cluster },
      {
        service: { protocol: 'https', host: second.address, port: 8443 },
        route: { hosts: ['abroad.test'], preserve_host: true },
      },
    )
    await expect
      .poll(async () => {
        const { status, headers } = await first.get('/', { host: 'abroad.test' })
        return [status, headers['x-ran']]
      })
      .toEqual([200, 'rewrite access head'])
  })
})
