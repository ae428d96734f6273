import { isIPv6 } from 'node:net'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { dial, type DialTls } from '#core/dataplane/upstreams/dial.ts'
import { DialError } from '#core/dataplane/upstreams/dial-error.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { ActiveHealthChecks } from '#core/model/target-pool.ts'
import { eventOfStatus, type HealthEvent } from './judge-health.ts'

export interface ProbeTarget extends SocketAddress {
  /** Name of the pool's target: `Host`, and SNI unless the checks name another. */
  readonly host: string
}

export interface ProbeOptions {
  readonly checks: ActiveHealthChecks
  readonly trustedAuthorities: readonly string[] | undefined
  readonly signal: AbortSignal
}

/** Asks an address once how it is; undefined = what it says means nothing, or nobody wants to know any more. */
export async function probe(
  target: ProbeTarget,
  { checks, trustedAuthorities, signal }: ProbeOptions,
): Promise<HealthEvent | undefined> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(checks.timeoutMs))])
  try {
    const channel = await dial({
      host: target.address,
      port: target.port,
      connectTimeoutMs: checks.timeoutMs,
      tls: checks.kind === 'https' ? tlsOf(target, checks, trustedAuthorities) : undefined,
      signal: deadline,
    })
    if (checks.kind === 'tcp') {
      channel.close()
      return 'success'
    }
    const status = await askStatus(channel, requestFor(target, checks), deadline)
    return eventOfStatus(status, checks.thresholds)
  } catch (error) {
    if (signal.aborted) return undefined
    const late = deadline.aborted || (error instanceof DialError && error.kind === 'timeout')
    return late ? 'timeout' : 'tcp-failure'
  }
}

function tlsOf(
  { host }: ProbeTarget,
  { serverName, verifyCertificate }: ActiveHealthChecks,
  authorities: readonly string[] | undefined,
): DialTls {
  const name = serverName ?? host
  const verify = verifyCertificate ? { name, authorities } : undefined
  return { serverName: name, alpn: [], verify }
}

/** HTTP/1.0, so that the server closes the connection. */
function requestFor({ host }: ProbeTarget, { path }: ActiveHealthChecks): string {
  const name = isIPv6(host) ? `[${host}]` : host
  return `GET ${path} HTTP/1.0\r\nHost: ${name}\r\n\r\n`
}

/** No status line is longer. */
const longestStatusLine = 4096

/** @throws Error when what comes back is not HTTP, or nothing does. */
async function askStatus(channel: Channel, request: string, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const onAbort = (): void => reject(new Error('it took too long'))
  let received = ''
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    channel.open({
      onBytes: (bytes) => {
        received += Buffer.from(bytes).toString('latin1')
        const status = /^HTTP\/\d\.\d (\d{3})[ \r\n]/.exec(received)?.[1]
        if (status !== undefined) resolve(Number(status))
        else if (received.includes('\n') || received.length > longestStatusLine) {
          reject(new Error('it does not speak HTTP'))
        }
      },
      onEnd: () => reject(new Error('it ended before its answer')),
      onDrain: () => {},
      onClosed: () => reject(new Error('it closed before its answer')),
    })
    channel.write(Buffer.from(request))
    const status = await promise
    channel.close()
    return status
  } catch (error) {
    channel.reset()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
