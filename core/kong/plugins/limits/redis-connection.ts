import { MeshError, messageOf } from '#core/base/errors.ts'

export interface RedisSettings {
  readonly host: string
  readonly port: number
  /** Empty or null = none. */
  readonly password: string | null
  readonly database: number
  /** Longest time for connecting and the answer together. */
  readonly timeoutMs: number
}

interface Client {
  readonly isOpen: boolean
  sendCommand(command: readonly string[]): Promise<unknown>
  destroy(): void
}

/** A connection to Redis that stands when it is needed: after a failure the next command tries anew. */
export class RedisConnection implements AsyncDisposable {
  readonly #settings: RedisSettings
  /** Only nodes that use it pay for loading it. */
  readonly #library = import('@redis/client')
  #client: Promise<Client> | undefined
  #disposed = false

  constructor(settings: RedisSettings) {
    this.#settings = settings
  }

  /** @throws MeshError `redis-failed` when there is no answer in time, or an error for one. */
  async send(command: readonly string[]): Promise<unknown> {
    const { host, port, timeoutMs } = this.#settings
    await this.#library
    const client = (this.#client ??= this.#connect())
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    try {
      return await Promise.race([client.then((ready) => ready.sendCommand(command)), late])
    } catch (error) {
      void this.#drop(client)
      throw new MeshError(
        'redis-failed',
        `Redis at ${host}:${port} failed: ${messageOf(error)}; see that it runs there and that password and database are right`,
        { cause: error },
      )
    } finally {
      clearTimeout(timer)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    if (this.#client !== undefined) await this.#drop(this.#client)
  }

  #connect(): Promise<Client> {
    const client = this.#open(() => {
      if (this.#client === client) this.#client = undefined
    })
    return client
  }

  async #open(onEnd: () => void): Promise<Client> {
    if (this.#disposed) throw new Error('the node is stopping')
    const { host, port, password, database, timeoutMs } = this.#settings
    const { createClient } = await this.#library
    const client = createClient({
      RESP: 2,
      socket: { host, port, connectTimeout: timeoutMs, reconnectStrategy: false },
      ...(password !== null && password !== '' && { password }),
      database,
      disableOfflineQueue: true,
      disableClientInfo: true,
    })
    // Its commands reject by themselves; without a listener the event would end the process.
    client.on('error', onEnd)
    client.on('end', onEnd)
    try {
      await client.connect()
    } catch (error) {
      if (client.isOpen) client.destroy()
      throw error
    }
    return {
      get isOpen() {
        return client.isOpen
      },
      sendCommand: (command) => client.sendCommand([...command]),
      destroy: () => client.destroy(),
    }
  }

  async #drop(client: Promise<Client>): Promise<void> {
    if (this.#client === client) this.#client = undefined
    try {
      const open = await client
      if (open.isOpen) open.destroy()
    } catch {
      // It was never open.
    }
  }
}
