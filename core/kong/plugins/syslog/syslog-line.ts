/** RFC 3164, section 4.1.1. */
export const severities = {
  debug: 7,
  info: 6,
  notice: 5,
  warning: 4,
  err: 3,
  crit: 2,
  alert: 1,
  emerg: 0,
} as const

export type Severity = keyof typeof severities

const userFacility = 1
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** A line as the C library's `syslog` writes it to the local daemon: without host name, in local time. */
export function renderSyslogLine(severity: Severity, message: string, time: Date): string {
  const day = String(time.getDate()).padStart(2, ' ')
  const clock = time.toTimeString().slice(0, 8)
  const priority = userFacility * 8 + severities[severity]
  return `<${priority}>${months[time.getMonth()]} ${day} ${clock} kong: ${message}`
}
