import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool, type PoolClient } from 'pg'
import { MeshError } from '#core/base/errors.ts'
import { explainFault } from './postgres-fault.ts'
import { PostgresSession } from './postgres-session.ts'
import { clientConfig, describeTarget, type PostgresTarget } from './postgres-target.ts'

/** Connections of one process at most, besides the one that listens. */
const maxConnections = 6

/** How long closing waits for an orderly end of all connections, in ms. */
const goodbyeMs = 500

/** Lends out connections to a database; one that broke is not lent out again. */
export class PostgresConnections implements AsyncDisposable {
  readonly #target: PostgresTarget
  readonly #sockets = new Set<Socket>()
  readonly #pool: Pool
  readonly #lent = new Set<Promise<unknown>>()
  #closed = false

  constructor(target: PostgresTarget, options: { readonly statementMs?: number } = {}) {
    this.#target = target
    const track = (socket: Socket): void => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    this.#pool = new Pool({
      ...clientConfig(target, { ...options, track }),
      max: maxConnections,
      idleTimeoutMillis: 30_000,
    })
    // An idle connection that breaks leaves the pool by itself; the next one tells whoever needs it.
    this.#pool.on('error', () => {})
  }

  /** @throws MeshError */
  async use<result>(work: (session: PostgresSession) => Promise<result>): Promise<result> {
    if (this.#closed) {
      throw new MeshError(
        'store-closed',
        `Cannot use ${describeTarget(this.#target)}: the store has been closed`,
      )
    }
    const lent = this.#lend(work)
    this.#lent.add(lent)
    try {
      return await lent
    } finally {
      this.#lent.delete(lent)
    }
  }

  async #lend<result>(work: (session: PostgresSession) => Promise<result>): Promise<result> {
    const client = await this.#connect()
    const session = new PostgresSession(client, this.#target)
    const lose = (reason: Error): void => session.lose(reason)
    client.on('error', lose)
    try {
      return await work(session)
    } finally {
      client.off('error', lose)
      client.release(session.broken)
    }
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      throw explainFault(error, this.#target)
    }
  }

  /** Lets what has begun come to its end, which is bounded by the target's time limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.allSettled(this.#lent)
    const goodbye = new AbortController()
    await Promise.race([
      this.#pool.end().finally(() => goodbye.abort()),
      sleep(goodbyeMs, undefined, { signal: goodbye.signal }).catch(() => {}),
    ])
    // A server that does not answer would hold the process.
    for (const socket of this.#sockets) socket.destroy()
  }
}
