import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

const example = fileURLToPath(new URL('../../examples/plugins/header-by-phase.ts', import.meta.url))

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened), { plugins: `bundled, ${example}` })

describe('phases of a plugin', () => {
  it('case 207: rewrite is for plugins that are bound to nothing', async () => {
    const { route, service } = await openWebRoute(
      { node, cluster },
      { route: { hosts: ['phases.test'] } },
    )
    const phases = async (host = 'phases.test'): Promise<unknown> =>
      (await node.get('/', { host })).headers['x-phases']
    const seen: unknown[] = []
    for (const path of [`/routes/${route}/plugins`, `/services/${service}/plugins`, '/plugins']) {
      // oxlint-disable-next-line no-await-in-loop
      const plugin = await node.configure('POST', path, { name: 'header-by-phase' })
      // oxlint-disable-next-line no-await-in-loop
      seen.push([await phases(), await phases('nobody.test')])
      // oxlint-disable-next-line no-await-in-loop
      await node.configure('DELETE', `/plugins/${plugin['id']}`)
    }
    expect(seen).toEqual([
      ['access head', undefined],
      ['access head', undefined],
      ['rewrite access head', 'rewrite head'],
    ])
  })

  it('case 210: what another plugin has answered still meets header filters and logs', async () => {
    const { route } = await openWebRoute({ node, cluster }, { route: { hosts: ['answered.test'] } })
    const path = join(cluster.folder, 'answered.log')
    await node.configure('POST', `/routes/${route}/plugins`, { name: 'key-auth' })
    await node.configure('POST', `/routes/${route}/plugins`, { name: 'file-log', config: { path } })
    await node.configure('POST', `/routes/${route}/plugins`, {
      name: 'response-transformer',
      config: { add: { headers: ['x-added:yes'] } },
    })
    const answer = await node.get('/', { host: 'answered.test' })
    expect([answer.status, answer.headers['x-added']]).toEqual([401, 'yes'])
    await expect.poll(() => recordsOf(path)).toMatchObject([{ response: { status: 401 } }])
  })

  it('case 211: each of the node’s own answers leaves one record', async () => {
    const path = join(cluster.folder, 'errors.log')
    const plugin = await node.configure('POST', '/plugins', { name: 'file-log', config: { path } })
    const service = (port: number, more: object = {}): object => ({
      host: '127.0.0.1',
      port,
      retries: 0,
      ...more,
    })
    await openWebRoute({ node, cluster }, { service: service(1), route: { paths: ['/502'] } })
    await openWebRoute(
      { node, cluster },
      { service: service(80, { host: 'no.invalid' }), route: { paths: ['/503'] } },
    )
    await openWebRoute(
      { node, cluster },
      { service: { read_timeout: 20, retries: 0 }, route: { paths: ['/504'] } },
    )
    const statuses = [
      (await node.get('/502')).status,
      (await node.get('/503')).status,
      (await node.get('/504/delay/1')).status,
      (await node.get('/404')).status,
      Number((await raw(`GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`)).split(' ')[1]),
      Number(
        (await raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)).split(' ')[1],
      ),
    ]
    expect(statuses).toEqual([502, 503, 504, 404, 414, 494])
    const logged = async (): Promise<unknown> =>
      (await recordsOf(path)).map(({ response }) => response.status)
    await expect.poll(logged).toEqual(statuses)
    await node.configure('DELETE', `/plugins/${plugin['id']}`)
  })

  async function recordsOf(
    path: string,
  ): Promise<readonly { readonly response: { readonly status: number } }[]> {
    const lines = await readFile(path, 'utf8').catch(() => '')
    return lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  }

  async function raw(request: string): Promise<string> {
    const socket = connect({ host: node.address, port: 8000 })
    socket.write(request)
    return text(socket)
  }
})
