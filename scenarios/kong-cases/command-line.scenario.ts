import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import { openWebRoute } from '#scenarios/support/web-route.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened), {
  nginx_http_add_header: 'x-block http',
  nginx_proxy_add_header: 'x-block proxy',
  nginx_admin_large_client_header_buffers: '4 24k',
  nginx_http_max_pending_timers: '4096',
  nginx_sproxy_proxy_bind: 'ADDRESS transparent',
  stream_listen: 'ADDRESS:9000',
  pg_password: 'not for all eyes',
})

const commands =
  'check config health migrations prepare quit reload restart roar start stop version'.split(' ')

describe('the kong command', () => {
  it('case 88: shows the usage of each command on stderr, and fails, when asked for help', async () => {
    for (const command of commands) {
      // oxlint-disable-next-line no-await-in-loop -- the machine has better to do
      const shown = await cluster.kong([command, '--help'])
      expect(shown).toMatchObject({ exitCode: 1, stdout: '' })
      expect(shown.stderr).toMatch(new RegExp(`^Usage: kong ${command}\\b`))
      expect(shown.stderr).toMatch(/ --vv +debug/)
    }
    for (const args of [[], ['--help']]) {
      // oxlint-disable-next-line no-await-in-loop
      const shown = await cluster.kong(args)
      expect(shown).toMatchObject({ exitCode: 1, stdout: '' })
      expect(shown.stderr).toMatch(/^Usage: kong COMMAND \[OPTIONS\]/)
      for (const command of commands) expect(shown.stderr).toContain(`\n ${command}\n`)
    }
  })

  it('case 75: names the time and the level of every line under --v', async () => {
    const started = await cluster.kong(['start', '--v'], {
      prefix: 'verbose',
      proxy_listen: 'off',
      admin_listen: 'off',
    })
    expect(started).toMatchObject({ exitCode: 0, stderr: '' })
    const lines = started.stdout.trimEnd().split('\n')
    for (const line of lines) {
      expect(line).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(verbose|info)\] /)
    }
    expect(lines.at(-1)).toMatch(/ \[info\] Kong started$/)
    expect(started.stdout).toContain(`[verbose] prefix in use: ${cluster.folder}/verbose\n`)
    expect(await cluster.kong(['stop', '-p', 'verbose'])).toEqual({
      exitCode: 0,
      stdout: 'Kong stopped\n',
      stderr: '',
    })
  })

  it('cannot start or prepare where a file is in the place of the prefix', async () => {
    const path = join(cluster.folder, 'file')
    await writeFile(path, '')
    for (const command of ['start', 'prepare']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const failed = await cluster.kong([command, '-p', 'file'])
      expect(failed).toMatchObject({ exitCode: 1, stdout: '' })
      expect(failed.stderr).toMatch(
        `Error: could not prepare Kong prefix at ${path}: ${path} is not a directory\n`,
      )
    }
  })
})

describe('a node that has just been started', () => {
  it('answers the requests of its Admin API that come before it is loaded', async () => {
    const early = await cluster.start('early', { proxy_listen: 'off' })
    const answers = await Promise.all(
      ['/', '/status', '/services', '/plugins/enabled', '/plugins/schema/jwt'].map((path) =>
        early.admin('GET', path),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(await early.log('error.log')).not.toMatch(/\[(error|crit|alert|emerg)\]/)
  })
})

describe('the configuration of a node', () => {
  it('cases 47, 48, 52 and 67: is shown by the Admin API, taken apart and without secrets', async () => {
    const configuration = (await node.configure('GET', '/'))?.['configuration']
    const { address } = node
    const bare = { ssl: false, http2: false, proxy_protocol: false, transparent: false }
    expect(configuration).toMatchObject({
      pg_password: '******',
      proxy_listeners: [
        { ...bare, ip: address, port: 8000, listener: `${address}:8000` },
        { ...bare, ssl: true, ip: address, port: 8443, listener: `${address}:8443 ssl` },
      ],
      admin_listeners: [{ ...bare, ip: address, port: 8001, listener: `${address}:8001` }],
      stream_listeners: [{ ip: address, port: 9000, listener: `${address}:9000` }],
      proxy_ssl_enabled: true,
      admin_ssl_enabled: false,
      nginx_http_directives: expect.arrayContaining([
        { name: 'max_pending_timers', value: '"4096"' },
      ]),
      nginx_sproxy_directives: [{ name: 'proxy_bind', value: `${address} transparent` }],
      loaded_plugins: { 'key-auth': true, 'rate-limiting': true },
    })
  })

  it('case 46: injects directives into the block that they name, and into those within it', async () => {
    const { route } = await openWebRoute({ node, cluster }, { route: { paths: ['/injected'] } })
    expect(route).toBeDefined()
    expect((await node.get('/injected')).headers['x-block']).toBe('proxy')
    expect((await node.admin('GET', '/status')).headers['x-block']).toBe('http')
  })

  it('lets the Admin API take request heads as large as its block says', async () => {
    const large = { 'x-large': 'x'.repeat(60_000) }
    const ask = (port: number, to: KongNode): Promise<number> =>
      fetch(`http://${to.address}:${port}/status`, { headers: large }).then(({ status }) => status)
    expect(await ask(8001, node)).toBe(200)
    const plain = await cluster.start('plain', { proxy_listen: 'off' })
    expect(await ask(8001, plain)).toBe(431)
  })
})

describe('the access log of the Admin API', () => {
  it('tells the size of each answer, as nginx does', async () => {
    const { text } = await node.admin('GET', '/routes?size=1')
    await expect
      .poll(() => node.log('admin_access.log'))
      .toMatch(
        new RegExp(
          `^${node.address.split('.')[0]}\\.\\S+ - - \\[.*\\] "GET /routes\\?size=1 HTTP/1\\.1" 200 ${Buffer.byteLength(text)} "-" "`,
          'm',
        ),
      )
  })
})
