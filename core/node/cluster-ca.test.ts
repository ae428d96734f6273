import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '#core/kong/config/parse-config.ts'
import { clusterCas } from '#core/kong/entities/cluster-ca.ts'
import { openKongLogs } from '#core/kong/logs.ts'
import { clusterCaOf, readClusterCa } from '#core/kong/mesh/ensure-cluster-ca.ts'
import { makeAuthority } from '#core/kong/mesh/make-authority.ts'
import { meshProtocol, meshProtocolPrefix } from '#core/kong/mesh/mesh-protocol.ts'
import { preparePrefix } from '#core/kong/prefix.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { freePorts, listenOnLoopback } from '#core/base/loopback-ports.ts'
import { openKongNode } from './kong-node.ts'

describe('the authority of a cluster', () => {
  it('is made by one of the nodes that start together, also where none has a proxy, and shared by all', async () => {
    await using ground = await openGround()
    const [admin = 0] = await freePorts(1)
    const nodes = await Promise.all([
      ground.start('control', { KONG_ADMIN_LISTEN: `127.0.0.1:${admin}` }),
      ground.start('b'),
      ground.start('c'),
    ])
    const logs = await Promise.all(nodes.map((node) => node.memberOf()))
    await using store = await openSqliteStore(ground.database)
    const row = await store.read(readClusterCa)
    expect(logs).toEqual(nodes.map(() => meshProtocol(row?.cert ?? '')))
    expect(row).toMatchObject({ pk: true, next: null, previous: null })

    const late = await ground.start('late')
    expect(await late.memberOf()).toBe(logs[0])
    expect(await store.read(readClusterCa)).toEqual(row)
    // No endpoint shows it.
    for (const path of ['/cluster_ca', '/cluster-ca', '/cluster_cas']) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await fetch(`http://127.0.0.1:${admin}${path}`)).status).toBe(404)
    }
    expect((await fetch(`http://127.0.0.1:${admin}/services`)).status).toBe(200)
  })

  it('certifies a node anew with each start and each reload', async () => {
    await using ground = await openGround()
    const node = await ground.start('a')
    await node.memberOf()
    await node.reload()
    await expect.poll(async () => (await node.fingerprints()).size).toBe(2)
    const again = await ground.start('b')
    await again.memberOf()
    const all = new Set([...(await node.fingerprints()), ...(await again.fingerprints())])
    expect(all.size).toBe(3)
    const log = await node.log()
    expect(log.match(/\[info\] .*initialising cluster ca\.\.\./g)).toHaveLength(2)
    await expect
      .poll(async () => (await node.log()).match(/\[info\] .*cluster ca initialised/g)?.length)
      .toBe(2)
  })
})

describe('a node without a database', () => {
  it('warns that it is in no mesh unless its declaration names an authority, and makes none', async () => {
    await using ground = await openGround()
    const node = await ground.start('a', { KONG_DATABASE: 'off' })
    const warning = 'no cluster_ca in declarative configuration: cannot use node in mesh mode'
    await expect.poll(() => node.log()).toMatch(new RegExp(`\\[warn\\] .*${warning}`))
    expect(await node.log()).not.toContain('initialising cluster ca')

    const { cert, key } = await makeAuthority()
    const declare = (entries: readonly object[]): Promise<string> =>
      ground.write('kong.yml', JSON.stringify({ _format_version: '1.1', cluster_ca: entries }))
    const declared = {
      KONG_DATABASE: 'off',
      KONG_DECLARATIVE_CONFIG: await declare([{ cert, key }]),
    }
    await node.reload(declared)
    expect(await node.memberOf()).toBe(meshProtocol(cert))
    expect((await node.log()).split(warning)).toHaveLength(2)

    await declare([{ pk: true, cert, key: (await makeAuthority()).key }])
    await expect(node.reload(declared)).rejects.toThrow('certificate does not match key')
    await declare([
      { cert, key },
      { cert, key },
    ])
    await expect(node.reload(declared)).rejects.toThrow(
      "'cluster_ca' entity with pk set to 'true' already declared",
    )
    await declare([{ pk: false, cert, key }])
    await expect(node.reload(declared)).rejects.toThrow('value must be true')
  })

  it('takes an authority from POST /config as from its file, and another one in its place', async () => {
    await using ground = await openGround()
    const [admin = 0] = await freePorts(1)
    const node = await ground.start('a', {
      KONG_DATABASE: 'off',
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    })
    for (const { cert, key } of [await makeAuthority(), await makeAuthority()]) {
      const body = JSON.stringify({ _format_version: '1.1', cluster_ca: [{ cert, key }] })
      // oxlint-disable-next-line no-await-in-loop
      const { status } = await fetch(`http://127.0.0.1:${admin}/config`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(status).toBe(201)
      // oxlint-disable-next-line no-await-in-loop
      await expect.poll(() => node.memberOf()).toBe(meshProtocol(cert))
    }
  })
})

describe('a node that has just started', () => {
  it('is known as a member to whoever it calls and whoever calls it, from the first moment on', async () => {
    await using ground = await openGround()
    await using upstream = await openTlsUpstream()
    const [admin = 0, proxy = 0, proxyTls = 0] = await freePorts(3)
    const control = await ground.start('control', { KONG_ADMIN_LISTEN: `127.0.0.1:${admin}` })
    const protocol = await control.memberOf()
    const url = `https://127.0.0.1:${upstream.port}`
    for (const [path, body] of [
      ['services', { name: 's', url }],
      ['services/s/routes', { paths: ['/'] }],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- the route needs its service
      const { status } = await fetch(`http://127.0.0.1:${admin}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(status).toBe(201)
    }
    const node = await ground.start('late', {
      KONG_PROXY_LISTEN: `127.0.0.1:${proxy}, 127.0.0.1:${proxyTls} ssl`,
    })
    const [{ status }, ofPeer, ofAnybody] = await Promise.all([
      fetch(`http://127.0.0.1:${proxy}/`),
      selected(proxyTls, [protocol, 'http/1.1']),
      selected(proxyTls, ['http/1.1']),
    ])
    // Without a certificate it is not let in: what matters here is that the mesh is answered for.
    expect(ofPeer).not.toBe('http/1.1')
    expect(ofAnybody).toBe('http/1.1')
    expect(status).toBe(200)
    expect([...new Set(upstream.offered.map(String))]).toEqual([`${protocol},http/1.1`])
    expect(await node.memberOf()).toBe(protocol)
  })

  it('is an ordinary server for its peers when its authority cannot sign', async () => {
    await using ground = await openGround()
    const row = clusterCaOf({ ...(await makeAuthority()), cert: 'no certificate' })
    await using store = await openSqliteStore(ground.database)
    await store.write((transaction) => transaction.put(clusterCas.collection, row))
    const [proxyTls = 0] = await freePorts(1)
    const node = await ground.start('a', { KONG_PROXY_LISTEN: `127.0.0.1:${proxyTls} ssl` })
    expect(await selected(proxyTls, [`${meshProtocolPrefix}any`, 'http/1.1'])).toBe('http/1.1')
    await expect.poll(() => node.log()).toContain('this node could not join its mesh')
  })
})

describe('a node that is to have no certificate of an authority', () => {
  it('offers no mesh to those it calls and takes none that is offered, and does both afterwards', async () => {
    await using ground = await openGround()
    const { cert, key } = await makeAuthority()
    const protocol = meshProtocol(cert)
    const [admin = 0, proxy = 0, proxyTls = 0] = await freePorts(3)
    const node = await ground.start('a', {
      KONG_DATABASE: 'off',
      KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
      KONG_PROXY_LISTEN: `127.0.0.1:${proxy}, 127.0.0.1:${proxyTls} ssl`,
    })
    await using upstream = await openTlsUpstream()
    const declare = async (ca: object): Promise<void> => {
      const service = { name: 's', url: `https://127.0.0.1:${upstream.port}` }
      const { status } = await fetch(`http://127.0.0.1:${admin}/config`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          _format_version: '1.1',
          services: [{ ...service, routes: [{ paths: ['/'] }] }],
          ...ca,
        }),
      })
      expect(status).toBe(201)
    }
    await declare({})
    expect((await fetch(`http://127.0.0.1:${proxy}/`)).status).toBe(200)
    // A handshake that is begun again offers the same once more.
    expect([...new Set(upstream.offered.map(String))]).toEqual(['http/1.1'])
    expect(await selected(proxyTls, [protocol, 'http/1.1'])).toBe('http/1.1')

    await declare({ cluster_ca: [{ cert, key }] })
    await node.memberOf()
    expect((await fetch(`http://127.0.0.1:${proxy}/`)).status).toBe(200)
    expect(upstream.offered.at(-1)).toEqual([protocol, 'http/1.1'])
    // Without a certificate it is not let in: what matters here is that the mesh is answered for.
    expect(await selected(proxyTls, [protocol, 'http/1.1'])).not.toBe('http/1.1')
    expect(await selected(proxyTls, ['http/1.1'])).toBe('http/1.1')
  })
})

interface TlsUpstream extends AsyncDisposable {
  readonly port: number
  /** By ALPN, with each connection. */
  readonly offered: readonly (readonly string[])[]
}

/** Answers each request, and each only once, so that the next one needs another connection. */
async function openTlsUpstream(): Promise<TlsUpstream> {
  const { certificate, privateKey } = await selfSigned(kongSubject)
  const offered: (readonly string[])[] = []
  const server = createServer(
    {
      cert: certificate,
      key: privateKey,
      ALPNCallback: ({ protocols }) => {
        offered.push(protocols)
        return 'http/1.1'
      },
    },
    (_request, response) => response.writeHead(200, { connection: 'close' }).end(),
  )
  const port = await listenOnLoopback(server)
  return {
    port,
    offered,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The protocol that a listener agrees to, or why it breaks off. */
async function selected(port: number, protocols: readonly string[]): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: [...protocols],
  })
  try {
    await once(socket, 'secureConnect')
    return String(socket.alpnProtocol)
  } catch (error) {
    return String(error)
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

interface StartedNode {
  reload(env?: Readonly<Record<string, string>>): Promise<void>
  log(): Promise<string>
  /** The mesh that the node belongs to, as soon as it does. */
  memberOf(): Promise<string>
  /** Of the certificates that the node has had so far. */
  fingerprints(): Promise<ReadonlySet<string>>
}

interface Ground extends AsyncDisposable {
  readonly database: string
  start(name: string, env?: Readonly<Record<string, string>>): Promise<StartedNode>
  write(name: string, text: string): Promise<string>
}

/** Nodes in this process that share a folder, and with it a database. */
async function openGround(): Promise<Ground> {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await mkdtempDisposable(join(tmpdir(), 'authority-')))
  const nodes = opening.use(new AsyncDisposableStack())
  const owned = opening.move()
  const database = join(folder.path, 'kong.sqlite')
  const write: Ground['write'] = async (name, text) => {
    const path = join(folder.path, name)
    await writeFile(path, text)
    return path
  }
  return {
    database,
    write,
    start: async (name, env = {}) => {
      const prefix = join(folder.path, name)
      const configOf = (
        settings: Readonly<Record<string, string>>,
      ): ReturnType<typeof parseConfig> =>
        parseConfig({
          env: {
            KONG_PREFIX: prefix,
            KONG_SQLITE_FILE: database,
            KONG_LOG_LEVEL: 'debug',
            KONG_PROXY_LISTEN: 'off',
            KONG_ADMIN_LISTEN: 'off',
            ...settings,
          },
          flags: {},
          cwd: '/',
          fileExists: existsSync,
        })
      const config = configOf(env)
      preparePrefix(config)
      const logs = nodes.use(await openKongLogs(config))
      const node = nodes.use(await openKongNode(config, { logs }))
      const log = (): Promise<string> => readFile(join(prefix, 'logs/error.log'), 'utf8')
      const found = async (pattern: RegExp): Promise<readonly string[]> =>
        [...(await log()).matchAll(pattern)].map(([, text = '']) => text)
      return {
        reload: (changed = env) => node.reload(configOf(changed)),
        log,
        memberOf: async () => {
          const members = (): Promise<readonly string[]> =>
            found(/\[notice\] .*this node is a member of the mesh (\S+)$/gm)
          await expect.poll(members).not.toEqual([])
          return (await members()).at(-1) ?? ''
        },
        fingerprints: async () =>
          new Set(await found(/\[debug\] .*node certificate generated, fingerprint is '(\w+)'/g)),
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
