import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Socket } from 'node:net'
import { Client } from 'pg'
import { PostgresSession } from './postgres-session.ts'
import { clientConfig, type PostgresTarget } from './postgres-target.ts'
import { selectVersion, versionOf } from './postgres-version.ts'

/** First and longest pause before another attempt to connect, in ms. */
const pauses = { first: 50, longest: 1000 } as const

export interface WatchOptions {
  /** Longest time until a change is noticed while the database can be reached, in ms. */
  readonly pollMs: number
  /** A version that has come about. */
  readonly changed: (version: number) => void
  /** The version found when the database can be reached, at first or again. */
  readonly connected: (version: number) => void
}

/** Listens to the changes of a database over a connection of its own, which it makes again whenever it breaks. */
export function watchDatabase(target: PostgresTarget, options: WatchOptions): AsyncDisposable {
  const stop = new AbortController()
  const watching = keepListening(target, options, stop.signal)
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await watching
    },
  }
}

async function keepListening(
  target: PostgresTarget,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const longest = Math.min(pauses.longest, options.pollMs)
  let pauseMs: number = pauses.first
  while (!signal.aborted) {
    try {
      await listen(target, {
        ...options,
        connected: (version) => {
          pauseMs = pauses.first
          options.connected(version)
        },
        signal,
      })
    } catch {
      // Reads and writes tell of it; here it only matters to be there when the database is.
    }
    await pause(Math.min(pauseMs, longest), signal)
    pauseMs *= 2
  }
}

/** Returns or throws when the connection is lost or the signal comes. */
async function listen(
  target: PostgresTarget,
  { pollMs, changed, connected, signal }: WatchOptions & { readonly signal: AbortSignal },
): Promise<void> {
  let socket: Socket | undefined
  const client = new Client(clientConfig(target, { track: (made) => (socket = made) }))
  const ended = new AbortController()
  const over = AbortSignal.any([signal, ended.signal])
  client.on('error', () => ended.abort())
  client.on('end', () => ended.abort())
  client.on('notification', ({ payload }) => changed(Number(payload)))
  const hangUp = (): void => void socket?.destroy()
  signal.addEventListener('abort', hangUp)
  try {
    await client.connect()
    const session = new PostgresSession(client, target)
    const version = async (): Promise<number> => versionOf((await session.query(selectVersion))[0])
    await session.query('LISTEN meshyard_changes')
    connected(await version())
    while (!over.aborted) {
      await pause(pollMs, over)
      if (!over.aborted) changed(await version())
    }
  } finally {
    signal.removeEventListener('abort', hangUp)
    if (socket !== undefined && !socket.closed) {
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
