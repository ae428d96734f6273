import { createSocket } from 'node:dgram'
import { hostname } from 'node:os'
import { isIPv6 } from 'node:net'
import { ConfigError } from './config/config-error.ts'
import { parseSyslog, syslogSeverities, type SyslogTarget } from './config/log-target.ts'
import type { LogFile } from './log-file.ts'

/**
 * Sends lines to a syslog server (RFC 3164), one datagram each. A line that does not arrive is lost, as datagrams are.
 * @throws ConfigError when the target cannot be read.
 */
export function openSyslogLog(text: string): LogFile {
  const target = parseSyslog(text)
  if (typeof target === 'string') throw new ConfigError([target])
  const socket = createSocket(isIPv6(target.host) ? 'udp6' : 'udp4')
  // Nobody there, or no such name: nothing that a log could be told of.
  socket.on('error', () => {})
  socket.unref()
  let closed = false
  let sending = 0
  let idle = Promise.withResolvers<void>()
  idle.resolve()
  return {
    path: text,
    append: (line) => {
      if (closed) return
      if (sending++ === 0) idle = Promise.withResolvers()
      socket.send(renderSyslog(target, line, new Date()), target.port, target.host, () => {
        if (--sending === 0) idle.resolve()
      })
    },
    flushSync: () => {},
    reopen: () => {},
    [Symbol.asyncDispose]: async () => {
      if (closed) return
      closed = true
      await idle.promise
      const { promise, resolve } = Promise.withResolvers<void>()
      socket.close(resolve)
      await promise
    },
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A datagram for one line; the severity of a line of an error log is the one that it names itself. */
export function renderSyslog(target: SyslogTarget, line: string, at: Date): string {
  const [, own] = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(\w+)\]/.exec(line) ?? []
  const severity = syslogSeverities.indexOf(own ?? target.severity)
  const time = at.toTimeString().slice(0, 8)
  const date = `${months[at.getMonth()]} ${String(at.getDate()).padStart(2)} ${time}`
  const host = target.hostname ? ` ${hostname()}` : ''
  return `<${target.facility * 8 + severity}>${date}${host} ${target.tag}: ${line}`
}
