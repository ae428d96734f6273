import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import type { RedisServer } from './redis-server.ts'
import type { Yard } from './stage.ts'

/** What limiters bound to a route have counted, by whose requests they are: read where the nodes keep it, not counted itself. */
export type ReadCounted = (route: string) => Promise<Readonly<Record<string, number>>>

/** Counters of policy `cluster`, in the database file of nodes that run in a folder. */
export function countedInStore(folder: string): ReadCounted {
  return async (route) => {
    using database = new DatabaseSync(join(folder, 'kong.sqlite'), {
      readOnly: true,
      timeout: 5_000,
    })
    const rows = database
      .prepare('SELECT key, value FROM counters WHERE key LIKE ?')
      .all(`%ratelimit:${route}:%`)
    // A node writes keys as JSON texts.
    return sums(rows.map(({ key, value }) => [String(JSON.parse(String(key))), Number(value)]))
  }
}

/** Counters of policy `redis`. */
export function countedInRedis({ host, port }: RedisServer): ReadCounted {
  return async (route) => {
    const client = createClient({ socket: { host, port } })
    await client.connect()
    try {
      const keys = await client.keys(`ratelimit:${route}:*`)
      if (keys.length === 0) return {}
      const values = await client.mGet(keys)
      return sums(keys.map((key, index) => [key, Number(values[index])]))
    } finally {
      client.destroy()
    }
  }
}

/** Counters of policy `redis`, in a server that runs on the control plane of a lab. */
export function countedInLabRedis(yard: Yard, port: number): ReadCounted {
  const redis = async (...command: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await yard.run('control-plane', [
      'redis-cli',
      '-p',
      String(port),
      ...command,
    ])
    return stdout.split('\n').filter((line) => line !== '')
  }
  return async (route) => {
    const keys = await redis('--scan', '--pattern', `ratelimit:${route}:*`)
    if (keys.length === 0) return {}
    const values = await redis('mget', ...keys)
    return sums(keys.map((key, index) => [key, Number(values[index])]))
  }
}

/** Keys are `ratelimit:<route>:<service>:<whose>:<window>:<period>`. */
function sums(entries: readonly (readonly [key: string, value: number])[]): Record<string, number> {
  const counted: Record<string, number> = {}
  for (const [key, value] of entries) {
    const whose = key.split(':')[3] ?? ''
    counted[whose] = (counted[whose] ?? 0) + value
  }
  return counted
}
