import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import { openKongCluster } from '#scenarios/support/kong-cluster.ts'
import { openNodePair } from '#scenarios/support/node-pair.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'

const plugins = `bundled, ${fileURLToPath(new URL('../../../examples/plugins', import.meta.url))}/header-by-phase.ts`

describe('nodes of different clusters', () => {
  it('are no mesh over https: the other one is a first node again, as for any client', async () => {
    await using pair = await openNodePair({ first: { plugins }, second: { plugins } })
    await using elsewhere = await openKongCluster()
    const foreign = await elsewhere.start('kong-x', { plugins })
    expect(await joinedMesh([foreign])).not.toBe(await joinedMesh([pair.first]))

    const hop = await pair.openHop('https')
    const abroad = await openWebRoute(
      { node: pair.first, cluster: pair.cluster },
      {
        service: { protocol: 'https', host: foreign.address, port: 8443 },
        route: { hosts: ['abroad.test'], preserve_host: true },
      },
    )
    await openWebRoute({ node: foreign, cluster: elsewhere }, { route: { hosts: ['abroad.test'] } })
    const showOnSecond = { name: 'header-by-phase', run_on: 'second', config: { name: 'x-ran' } }
    await pair.addPlugins(hop, [showOnSecond])
    await pair.addPlugins(abroad, [showOnSecond])
    const { id } = await foreign.configure('POST', '/plugins', showOnSecond)

    const ran = async (host: string): Promise<readonly unknown[]> => {
      const { status, headers } = await pair.first.get('/', { host })
      return [status, headers['x-ran']]
    }
    expect(await ran(hop.host)).toEqual([200, 'access head'])
    expect(await ran('abroad.test')).toEqual([200, undefined])
    // The control: it does run there, on what comes from a client.
    await foreign.configure('PATCH', `/plugins/${id}`, { run_on: 'first' })
    expect(await ran('abroad.test')).toEqual([200, 'rewrite access head'])
  })
})
