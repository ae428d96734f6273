import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import { type LogRecord, logRecordOf } from './log-record.ts'

/** Hands over the record of each exchange when it is over, however it ended. */
export function logFilter(host: PluginHost, take: (record: LogRecord) => void): HttpFilter {
  return { finished: (exchange) => take(logRecordOf(exchange, host.entities)) }
}
