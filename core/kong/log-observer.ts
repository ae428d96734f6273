import type { LogLevel } from '#core/base/log.ts'
import { logLevels } from '#core/base/log.ts'
import { formatAddress } from '#core/model/address.ts'
import type { ConnectionInfo, Observer } from '#core/model/observer.ts'
import { renderErrorLine, renderHttpAccess, renderStreamAccess } from './log-lines.ts'

export interface LogSinks {
  /** Least severe level that is written; read anew for each line, as a reload may change it. */
  readonly level: () => LogLevel
  readonly errorLine: (line: string) => void
  readonly accessLine: (line: string) => void
}

/** Tells what the data plane does in Kong's words, as lines of nginx's logs. */
export function createLogObserver({ level, errorLine, accessLine }: LogSinks): Observer {
  const line = (severity: LogLevel, connection: ConnectionInfo, message: string): void => {
    errorLine(renderErrorLine(new Date(), severity, message, connection))
  }
  const enabled = (severity: LogLevel): boolean => isEnabled(level(), severity)
  return {
    accepted: (connection) => {
      if (!enabled('debug')) return
      const { client, destination } = connection
      line(
        'debug',
        connection,
        `client ${formatAddress(client)} connected to ${formatAddress(destination)}`,
      )
    },
    terminatingTls: (connection, serverName) => {
      if (!enabled('info')) return
      line('info', connection, 'attempting to terminate TLS')
      if (enabled('debug')) line('debug', connection, `SNI: ${serverName ?? ''}`)
    },
    unrouted: (connection, what) => {
      // A request without a route is the client's affair and in the access log; a stream has no other sign of it.
      const severity = what === 'stream' ? 'error' : 'info'
      if (enabled(severity)) line(severity, connection, 'no Route found with those values')
    },
    dialing: (connection, attempt, target) => {
      if (!enabled('debug')) return
      line('debug', connection, `setting address (try ${attempt}): ${formatAddress(target)}`)
    },
    dialFailed: (connection, _attempt, target, reason) => {
      if (!enabled('error')) return
      line(
        'error',
        connection,
        `${reason} while connecting to upstream, upstream: "${formatAddress(target)}"`,
      )
    },
    fault: (connection, message) => {
      if (enabled('warn')) line('warn', connection, message)
    },
    streamFinished: (record) => accessLine(renderStreamAccess(new Date(), record)),
    requestFinished: (record) => {
      const client = record.client.address
      accessLine(renderHttpAccess(new Date(), { ...record, client }))
    },
  }
}

export function isEnabled(level: LogLevel, severity: LogLevel): boolean {
  return logLevels.indexOf(severity) >= logLevels.indexOf(level)
}
