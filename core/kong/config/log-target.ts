import { resolve } from 'node:path'
import { parseHostPort } from './address.ts'

const logKeys = [
  'proxy_access_log',
  'proxy_error_log',
  'admin_access_log',
  'admin_error_log',
] as const

/** Where a log's lines go: an absolute path, or `syslog:…` as written; undefined = nowhere (`off`, or nothing). */
export function resolveLog(prefix: string, text: string): string | undefined {
  if (text === '' || text === 'off') return undefined
  return isSyslog(text) ? text : resolve(prefix, text)
}

/** Whether a log's lines go to a syslog server instead of a file. */
export function isSyslog(target: string): boolean {
  return target.startsWith('syslog:')
}

/** Says which logs have a target that cannot be read. */
export function logTargetFaults(text: (key: string) => string): string[] {
  return logKeys.flatMap((key) => {
    const target = isSyslog(text(key)) ? parseSyslog(text(key)) : undefined
    return typeof target === 'string' ? [`${key}: ${target}`] : []
  })
}

/** A syslog server that takes datagrams, and how lines are marked for it (nginx, "Logging to syslog"). */
export interface SyslogTarget {
  readonly host: string
  readonly port: number
  /** Number of RFC 3164, section 4.1.1. */
  readonly facility: number
  readonly tag: string
  /** Of access logs; a line of an error log has its own. */
  readonly severity: string
  /** Whether lines name this machine. */
  readonly hostname: boolean
}

/** nginx's names, by number of RFC 3164. */
const facilities: readonly string[] =
  'kern user mail daemon auth intern lpr news uucp clock authpriv ftp ntp audit alert cron local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  )

/** nginx's names, by number of RFC 3164. */
export const syslogSeverities: readonly string[] = [
  'emerg',
  'alert',
  'crit',
  'error',
  'warn',
  'notice',
  'info',
  'debug',
]

/** Reads `syslog:server=address[:port][,facility=…][,tag=…][,severity=…][,nohostname]`, or says what is wrong with it. */
export function parseSyslog(text: string): SyslogTarget | string {
  const wrong = (what: string): string =>
    `${what} in '${text}'; a syslog target is of form: syslog:server=<ip>[:<port>][,facility=<name>][,tag=<word>][,severity=<name>][,nohostname]`
  const options = new Map(
    text
      .slice('syslog:'.length)
      .split(',')
      .map((option) => {
        const [name = '', ...value] = option.split('=')
        return [name, value.join('=')] as const
      }),
  )
  const {
    server = '',
    facility = 'local7',
    tag = 'nginx',
    severity = 'info',
  } = Object.fromEntries(options)
  const unknown = [...options.keys()].find(
    (name) => !['server', 'facility', 'tag', 'severity', 'nohostname'].includes(name),
  )
  if (unknown !== undefined) return wrong(`unknown option '${unknown}'`)
  const end = parseHostPort(/^(\[.*\]|[^:]*)$/.test(server) ? `${server}:514` : server)
  if (!end) return wrong(`no server of form <ip>[:<port>]`)
  if (!facilities.includes(facility)) return wrong(`unknown facility '${facility}'`)
  if (!syslogSeverities.includes(severity)) return wrong(`unknown severity '${severity}'`)
  if (!/^\w{1,32}$/.test(tag)) return wrong(`bad tag '${tag}'`)
  return {
    ...end,
    facility: facilities.indexOf(facility),
    tag,
    severity,
    hostname: !options.has('nohostname'),
  }
}
