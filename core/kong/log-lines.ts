import type { LogLevel } from '#core/base/log.ts'
import { formatAddress } from '#core/model/address.ts'
import type { ConnectionInfo, StreamRecord } from '#core/model/observer.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A line of nginx's error log. `message` may hold what a client sent: control characters are escaped. */
export function renderErrorLine(
  at: Date,
  level: LogLevel,
  message: string,
  connection?: ConnectionInfo,
): string {
  const about = connection
    ? `*${connection.id} ${message}, client: ${connection.client.address}, server: ${formatAddress(connection.destination)}`
    : message
  return `${errorTime(at)} [${level}] ${process.pid}#0: ${escape(about)}`
}

/** A line of the stream access log (Kong 1.1, nginx-kong-stream). */
export function renderStreamAccess(at: Date, record: StreamRecord): string {
  const { connection, status, bytesToClient, bytesFromClient, durationMs } = record
  const seconds = (durationMs / 1000).toFixed(3)
  return `${connection.client.address} [${accessTime(at)}] TCP ${status} ${bytesToClient} ${bytesFromClient} ${seconds}`
}

export interface HttpAccess {
  readonly client: string
  readonly requestLine: string
  readonly status: number
  /** Undefined = not counted. */
  readonly bytesToClient?: number
  readonly referer?: string | undefined
  readonly userAgent?: string | undefined
}

/** A line of an HTTP access log in nginx's `combined` format. */
export function renderHttpAccess(at: Date, access: HttpAccess): string {
  const { client, requestLine, status, bytesToClient = '-', referer, userAgent } = access
  return `${client} - - [${accessTime(at)}] ${quoted(requestLine)} ${status} ${bytesToClient} ${quoted(referer)} ${quoted(userAgent)}`
}

/** `2019/03/12 10:00:00`, local time. */
export const errorTime: (at: Date) => string = perSecond((at) => {
  const [date, time] = parts(at)
  return `${date.join('/')} ${time.join(':')}`
})

/** `12/Mar/2019:10:00:00 +0000`, local time. */
const accessTime: (at: Date) => string = perSecond((at) => {
  const [[year, , day], time] = parts(at)
  const east = -at.getTimezoneOffset()
  const zone = `${two(Math.floor(Math.abs(east) / 60))}${two(Math.abs(east) % 60)}`
  return `${day}/${months[at.getMonth()]}/${year}:${time.join(':')} ${east < 0 ? '-' : '+'}${zone}`
})

/** Keeps the last answer: many lines are written within one second. */
function perSecond(render: (at: Date) => string): (at: Date) => string {
  let second = Number.NaN
  let rendered = ''
  return (at) => {
    const now = Math.floor(at.getTime() / 1000)
    if (now !== second) {
      second = now
      rendered = render(at)
    }
    return rendered
  }
}

function parts(at: Date): readonly [[string, string, string], [string, string, string]] {
  return [
    [String(at.getFullYear()), two(at.getMonth() + 1), two(at.getDate())],
    [two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())],
  ]
}

function two(count: number): string {
  return String(count).padStart(2, '0')
}

function escape(text: string): string {
  return text.replace(/\p{Cc}/gu, hex)
}

function quoted(text = '-'): string {
  return `"${text.replace(/["\\\p{Cc}]|\P{ASCII}/gu, hex)}"`
}

/** As nginx does: each byte of the character as `\xHH`. */
function hex(character: string): string {
  return Array.from(
    Buffer.from(character),
    (byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}
