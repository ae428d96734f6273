import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ClusterCa } from '#core/kong/entities/cluster-ca.ts'
import { clusterCas } from '#core/kong/entities/cluster-ca.ts'
import { clusterCaOf, readClusterCa } from '#core/kong/mesh/ensure-cluster-ca.ts'
import { makeAuthority } from '#core/kong/mesh/make-authority.ts'
import { meshProtocol } from '#core/kong/mesh/mesh-protocol.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import type { Store } from '#core/store/store.ts'
import { MeshKeeper } from './mesh-keeper.ts'

describe('MeshKeeper', () => {
  it('makes an authority where there is none, and then certificates of the one that is stored', async () => {
    await using store = openMemoryStore()
    await using ground = openGround(store)
    const { keeper, log } = ground
    await ground.attend()
    const row = await rowOf(store)
    await expect.poll(() => keeper.membership(row)).toBeDefined()
    const [authority] = keeper.membership(row)?.authorities ?? []
    expect(authority).toMatchObject({ protocol: meshProtocol(row.cert), certificate: row.cert })
    const certificate = new X509Certificate(authority?.identity.certificate ?? '')
    expect(certificate.subject).toBe('CN=kong-node-n1')
    expect(certificate.checkIssued(new X509Certificate(row.cert))).toBe(true)
    expect(authority?.identity.privateKey).not.toBe(row.key)
    keeper.announce(keeper.membership(row))
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    expect(log).toEqual([
      'info initialising cluster ca...',
      `debug mesh alpn is '${meshProtocol(row.cert)}'`,
      `debug node certificate generated, fingerprint is '${fingerprint}'`,
      'info cluster ca initialised',
      `notice this node is a member of the mesh ${meshProtocol(row.cert)}`,
    ])
  })

  it('tells once what the node belongs to, and that it does not any more', () => {
    const log: string[] = []
    const keeper = new MeshKeeper({
      nodeId: 'n1',
      log: (level, message) => void log.push(`${level} ${message}`),
      changed: () => {},
    })
    const [old, next] = ['old', 'new'].map((protocol) => ({
      protocol,
      certificate: protocol,
      identity: { certificate: '', privateKey: '' },
    }))
    if (old === undefined || next === undefined) throw new Error('two are made')
    for (const authorities of [[old], [old], [old, next]] as const) keeper.announce({ authorities })
    keeper.announce(undefined)
    expect(log).toEqual([
      'notice this node is a member of the mesh old',
      'notice this node is a member of the mesh old, and accepts new',
      'notice this node is no member of a mesh',
    ])
  })

  it('makes no authority where it may not', async () => {
    await using store = openMemoryStore()
    await using ground = openGround(store, { mayCreate: false })
    await ground.attend()
    await ground.keeper[Symbol.asyncDispose]()
    expect(await store.version()).toBe(0)
    expect(ground.log).toEqual([])
  })

  it('keeps a certificate while its authority stays, and has one for each authority of a row', async () => {
    await using store = openMemoryStore()
    await using ground = openGround(store)
    const { keeper } = ground
    const row = clusterCaOf(await makeAuthority())
    await ground.put(row)
    await expect.poll(() => keeper.membership(row)).toBeDefined()
    const before = keeper.membership(row)?.authorities[0].identity
    const both = { ...row, next: await makeAuthority() }
    await ground.put(both)
    await expect.poll(() => keeper.membership(both)?.authorities.length).toBe(2)
    const [first, second] = keeper.membership(both)?.authorities ?? []
    expect(first?.identity).toBe(before)
    expect(second?.identity.privateKey).toBe(before?.privateKey)
    expect(second?.certificate).toBe(both.next.cert)
  })

  it('gives a new configuration new certificates and leaves the old ones until then', async () => {
    await using store = openMemoryStore()
    await using ground = openGround(store)
    const { keeper } = ground
    const row = clusterCaOf(await makeAuthority())
    await ground.put(row)
    await expect.poll(() => keeper.membership(row)).toBeDefined()
    const before = keeper.membership(row)
    const revision = keeper.revision
    keeper.renew()
    await ground.attend()
    expect(keeper.membership(row)).toEqual(before)
    await expect.poll(() => keeper.revision).toBe(revision + 1)
    const after = keeper.membership(row)
    expect(after?.authorities[0].protocol).toBe(before?.authorities[0].protocol)
    expect(after?.authorities[0].identity.privateKey).not.toBe(
      before?.authorities[0].identity.privateKey,
    )
  })

  it('says once that an authority cannot sign, and takes the next one that can', async () => {
    await using store = openMemoryStore()
    await using ground = openGround(store)
    const { keeper, log } = ground
    const row = clusterCaOf(await makeAuthority())
    await ground.put({ ...row, cert: 'no certificate' })
    await expect.poll(() => log.filter((line) => line.startsWith('error'))).toHaveLength(1)
    await ground.attend()
    await ground.put(row)
    await expect.poll(() => keeper.membership(row)).toBeDefined()
    expect(log.filter((line) => line.startsWith('error'))).toHaveLength(1)
    expect(log[1]).toMatch(/^error this node could not join its mesh: /)
  })

  it('tries again after the store failed', async () => {
    await using store = openMemoryStore()
    let failures = 0
    const failing: Store = {
      ...bound(store),
      read: (work) => {
        failures += 1
        // Once for the test, which shows the keeper no row, and once for the keeper.
        return failures <= 2 ? Promise.reject(new Error('the store is away')) : store.read(work)
      },
    }
    await using ground = openGround(failing)
    await ground.attend()
    await expect.poll(() => store.version()).toBe(1)
    expect(ground.log).toContain('error this node could not join its mesh: the store is away')
  })

  it('stops at once while a key is made, and stores nothing after that', async () => {
    await using store = openMemoryStore()
    const ground = openGround(store)
    void ground.attend()
    await ground[Symbol.asyncDispose]()
    await makeAuthority()
    expect(await store.version()).toBe(0)
  })
})

interface Ground extends AsyncDisposable {
  readonly keeper: MeshKeeper
  readonly log: readonly string[]
  /** Shows the keeper what is stored; resolves when it has been told. */
  attend(): Promise<void>
  put(row: ClusterCa): Promise<void>
}

/** A keeper that hears of the store's changes as a node's does. */
function openGround(store: Store, { mayCreate = true } = {}): Ground {
  const log: string[] = []
  const keeper = new MeshKeeper({
    nodeId: 'n1',
    log: (level, message) => void log.push(`${level} ${message}`),
    changed: () => {},
  })
  const attend = async (): Promise<void> => {
    const row = await store.read(readClusterCa).catch(() => undefined)
    keeper.attend({ store, row, mayCreate })
  }
  const watch = store.watch(attend)
  return {
    keeper,
    log,
    attend,
    put: (row) => store.write((transaction) => transaction.put(clusterCas.collection, row)),
    [Symbol.asyncDispose]: async () => {
      watch[Symbol.dispose]()
      await keeper[Symbol.asyncDispose]()
    },
  }
}

async function rowOf(store: Store): Promise<ClusterCa> {
  let row: ClusterCa | undefined
  await expect.poll(async () => (row = await store.read(readClusterCa))).toBeDefined()
  if (row === undefined) throw new Error('no authority')
  return row
}

function bound(store: Store): Store {
  return {
    counters: store.counters,
    version: () => store.version(),
    read: (work) => store.read(work),
    write: (work) => store.write(work),
    watch: (listener) => store.watch(listener),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
