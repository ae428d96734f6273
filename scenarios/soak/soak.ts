import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { openKongCluster, type KongNode } from '#scenarios/support/kong-cluster.ts'
import { residentMemory, trendOf, type MemoryTrend } from './memory.ts'
import { openTraffic, type Traffic } from './traffic.ts'

export interface SoakOptions {
  readonly durationMs: number
  /** Between two reloads; default 5 s. */
  readonly reloadEveryMs?: number
}

export interface SoakResult {
  readonly traffic: readonly TrafficResult[]
  readonly reloads: number
  readonly changes: number
  readonly memory: MemoryTrend
}

export interface TrafficResult {
  readonly name: string
  readonly done: number
  readonly failed: number
  /** First of what went wrong. */
  readonly faults: readonly string[]
}

// The service behind the node measures long texts in this process: see core/cli/spawn-node.ts.
setFlagsFromString('--no-turbo-fast-api-calls')

/**
 * Sends traffic of every kind through a node, reloads it and changes its entities meanwhile, and counts what was lost.
 */
export async function soak({
  durationMs,
  reloadEveryMs = 5_000,
}: SoakOptions): Promise<SoakResult> {
  await using cluster = await openKongCluster()
  const node = await cluster.start('kong-a', { stream_listen: 'ADDRESS:9000', log_level: 'warn' })
  const { address, ports } = cluster.echo
  const web = await node.configure('POST', '/services', { url: `http://${address}:${ports.http}` })
  await node.configure('POST', `/services/${web['id']}/routes`, {
    paths: ['/soak'],
    strip_path: false,
  })
  const tcp = await node.configure('POST', '/services', { url: `tcp://${address}:${ports.tcp}` })
  await node.configure('POST', `/services/${tcp['id']}/routes`, {
    protocols: ['tcp', 'tls'],
    destinations: [{ port: 9000 }],
  })
  const pid = Number(await readFile(join(cluster.folder, 'kong-a/pids/nginx.pid'), 'utf8'))

  using traffic = openTraffic({ address: node.address, http: 8000, https: 8443, stream: 9000 })
  const endsAt = performance.now() + durationMs
  const until = (): boolean => performance.now() < endsAt
  const samples: number[] = []
  const [results, reloads, changes] = await Promise.all([
    Promise.all(traffic.kinds.map((kind) => keepGoing(kind, until))),
    every(reloadEveryMs, until, () => reload(node)),
    every(1_000, until, () => change(node)),
    every(500, until, async () => void samples.push(residentMemory(pid))),
  ])
  return { traffic: results, reloads, changes, memory: trendOf(samples) }
}

async function keepGoing(traffic: Traffic, until: () => boolean): Promise<TrafficResult> {
  let done = 0
  const faults: string[] = []
  while (until()) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the load
      await traffic.once()
      done += 1
    } catch (error) {
      faults.push(String(error))
    }
  }
  return { name: traffic.name, done, failed: faults.length, faults: faults.slice(0, 5) }
}

async function every(ms: number, until: () => boolean, work: () => Promise<void>): Promise<number> {
  let times = 0
  while (until()) {
    // oxlint-disable-next-line no-await-in-loop -- at this pace
    await wait(ms)
    // oxlint-disable-next-line no-await-in-loop
    await work()
    times += 1
  }
  return times
}

async function reload(node: KongNode): Promise<void> {
  const { exitCode, stderr } = await node.kong('reload')
  if (exitCode !== 0) throw new Error(`kong reload failed: ${stderr}`)
}

/** A route comes and goes. */
async function change(node: KongNode): Promise<void> {
  const { id } = await node.configure('POST', '/routes', { hosts: ['comes-and-goes.test'] })
  await node.configure('DELETE', `/routes/${id}`)
}
