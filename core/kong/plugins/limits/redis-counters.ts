import { messageOf } from '#core/base/errors.ts'
import type { RedisConnection } from './redis-connection.ts'
import type {
  LimitedCounter,
  UsageAddition,
  UsageCounter,
  UsageCounters,
} from './usage-counters.ts'

/** Nodes' clocks differ; a counter is kept for so much longer than its window, in ms. */
const graceMs = 10_000

/**
 * Reads counters and, when none has reached its limit, adds to all. Redis runs a script alone, so that limits hold
 * exactly over all nodes. For each key: limit, addition, time of expiry.
 */
const script = `
local used, free = {}, true
for i, key in ipairs(KEYS) do
  used[i] = redis.call('GET', key) or '0'
  if tonumber(used[i]) >= tonumber(ARGV[3 * i - 2]) then free = false end
end
if free then
  for i, key in ipairs(KEYS) do
    redis.call('INCRBYFLOAT', key, ARGV[3 * i - 1])
    redis.call('PEXPIREAT', key, ARGV[3 * i])
  end
end
return used`

/** Counters that all nodes share through a Redis. */
export class RedisCounters implements UsageCounters {
  readonly #redis: RedisConnection
  readonly #onFault: (message: string) => void

  constructor(
    redis: RedisConnection,
    { onFault }: { readonly onFault: (message: string) => void },
  ) {
    this.#redis = redis
    this.#onFault = onFault
  }

  take(counters: readonly LimitedCounter[]): Promise<readonly number[]> {
    return this.#run(counters.map((counter) => ({ ...counter, by: 1 })))
  }

  async read(counters: readonly UsageCounter[]): Promise<readonly number[]> {
    return numbers(await this.#redis.send(['MGET', ...counters.map(({ key }) => key)]))
  }

  add(additions: readonly UsageAddition[]): void {
    this.#run(additions.map((addition) => ({ ...addition, limit: Infinity }))).catch(
      (error: unknown) => {
        this.#onFault(`cannot count ${additions.length} uses of limits: ${messageOf(error)}`)
      },
    )
  }

  async #run(
    counters: readonly (LimitedCounter & { readonly by: number })[],
  ): Promise<readonly number[]> {
    const details = counters.flatMap(({ limit, by, end }) => [
      limit === Infinity ? 'inf' : `${limit}`,
      `${by}`,
      `${end + graceMs}`,
    ])
    const keys = counters.map(({ key }) => key)
    return numbers(await this.#redis.send(['EVAL', script, `${keys.length}`, ...keys, ...details]))
  }
}

function numbers(reply: unknown): readonly number[] {
  return Array.isArray(reply) ? reply.map((value) => Number(value ?? 0)) : []
}
