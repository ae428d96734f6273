import { Socket } from 'node:net'
import type { ClientConfig } from 'pg'

/** A PostgreSQL database and how to get there. */
export interface PostgresTarget {
  /** Host name, address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  /** Empty = none. */
  readonly password: string
  readonly database: string
  /** Longest time that connecting, one statement, or waiting for other writers may take, in ms. */
  readonly timeoutMs: number
  /** Whether connections must be encrypted. Default false. */
  readonly ssl?: boolean
  /** Whether the server's certificate must be valid for `host`. Default false. */
  readonly sslVerify?: boolean
  /** PEM of those who may sign the server's certificate; default: those that Node trusts. */
  readonly sslCa?: string
}

/** `kong at 127.0.0.1:5432`: how messages name the database. */
export function describeTarget({ host, port, database }: PostgresTarget): string {
  return `${database} at ${host.includes(':') ? `[${host}]` : host}:${port}`
}

export interface ClientOptions {
  /** Hears of each socket that is made. */
  readonly track: (socket: Socket) => void
  /** Longest time that one statement may take, in ms. Default: the target's. */
  readonly statementMs?: number
}

/** Every wait has an end, in the client as well as in the server. */
export function clientConfig(
  target: PostgresTarget,
  { track, statementMs = target.timeoutMs }: ClientOptions,
): ClientConfig {
  const { host, port, user, password, database, timeoutMs, ssl, sslVerify, sslCa } = target
  // The server's limits come first: its answer says more, and leaves the connection in good order.
  const serverMs = Math.max(1, Math.floor(statementMs * 0.8))
  return {
    host,
    port,
    user,
    password,
    database,
    application_name: 'meshyard',
    ssl:
      ssl === true
        ? {
            rejectUnauthorized: sslVerify === true,
            ...(sslCa === undefined ? {} : { ca: sslCa }),
          }
        : false,
    stream: () => {
      const socket = new Socket()
      track(socket)
      return socket
    },
    connectionTimeoutMillis: timeoutMs,
    lock_timeout: serverMs,
    statement_timeout: serverMs,
    query_timeout: statementMs,
    // A writer that has stopped, but whose connection lives, must not keep all others waiting for ever.
    idle_in_transaction_session_timeout: 2 * statementMs,
    keepAlive: true,
  }
}
