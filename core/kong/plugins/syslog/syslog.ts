import { logFilter } from '#core/kong/plugins/log-record/log-filter.ts'
import { logPluginRules } from '#core/kong/plugins/log-record/log-plugin-rules.ts'
import { openOutbox } from '#core/kong/plugins/log-record/outboxes.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import type { StringField } from '#core/kong/schema/field.ts'
import { renderSyslogLine, severities, type Severity } from './syslog-line.ts'
import { UnixDatagramSender } from './unix-datagram-sender.ts'

interface SyslogConfig {
  /** Records of less severity are not sent. */
  readonly log_level: Severity
  readonly successful_severity: Severity
  /** For answers of 400 to 499. */
  readonly client_errors_severity: Severity
  /** For answers of 500 and above. */
  readonly server_errors_severity: Severity
}

const severityField: StringField = {
  type: 'string',
  default: 'info',
  oneOf: Object.keys(severities),
}

/** Sends the record of each exchange to the system's log, as `kong`, facility user. Kong 1.1, "Syslog". */
export const syslog = definePlugin<SyslogConfig>({
  ...logPluginRules,
  name: 'syslog',
  priority: 4,
  config: {
    fields: {
      log_level: severityField,
      successful_severity: severityField,
      client_errors_severity: severityField,
      server_errors_severity: severityField,
    },
  },
  openHttp: (config, host) => {
    const sender = new UnixDatagramSender('/dev/log')
    const outbox = openOutbox(host, {
      name: 'syslog',
      deliver: (lines, signal) => sender.send(lines, signal),
      release: () => sender.release(),
    })
    return logFilter(host, (record) => {
      const severity = chooseSeverity(record.response.status, config)
      if (severity === undefined) return
      outbox.add(renderSyslogLine(severity, JSON.stringify(record), new Date()))
    })
  },
})

/** undefined = the answer is not severe enough to be told. */
export function chooseSeverity(status: number, config: SyslogConfig): Severity | undefined {
  const severity =
    status >= 500
      ? config.server_errors_severity
      : status >= 400
        ? config.client_errors_severity
        : config.successful_severity
  return severities[severity] <= severities[config.log_level] ? severity : undefined
}
