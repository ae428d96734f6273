import type { Channel, Sink } from '#core/dataplane/channel/channel.ts'

export interface RelayLimits {
  /** Longest time in which no byte moves either way, in ms. */
  readonly readTimeoutMs: number
  /** Longest time in which the upstream takes none of the bytes that wait for it, in ms. */
  readonly writeTimeoutMs: number
}

export type RelayEnd = 'closed' | 'read-timeout' | 'write-timeout'

/**
 * Passes bytes both ways until both channels are gone. Each direction ends by itself (half-close), and a slow reader
 * slows the other side's writer.
 */
export function relay(client: Channel, upstream: Channel, limits: RelayLimits): Promise<RelayEnd> {
  const { promise, resolve } = Promise.withResolvers<RelayEnd>()
  let end: RelayEnd = 'closed'
  let open = 2
  let movedAtMs = performance.now()
  let uploadStuckSinceMs: number | undefined

  const closed = (): void => {
    open -= 1
    if (open > 0) return
    clearTimeout(idleTimer)
    resolve(end)
  }

  const clientSink: Sink = {
    onBytes(bytes) {
      movedAtMs = performance.now()
      if (upstream.write(bytes)) return
      uploadStuckSinceMs ??= movedAtMs
      client.pause()
    },
    onEnd: () => upstream.end(),
    onDrain() {
      movedAtMs = performance.now()
      upstream.resume()
    },
    onClosed(fault) {
      if (fault === undefined) upstream.close()
      else upstream.reset()
      closed()
    },
  }

  const upstreamSink: Sink = {
    onBytes(bytes) {
      movedAtMs = performance.now()
      if (!client.write(bytes)) upstream.pause()
    },
    onEnd: () => client.end(),
    onDrain() {
      movedAtMs = performance.now()
      uploadStuckSinceMs = undefined
      client.resume()
    },
    onClosed(fault) {
      if (fault !== undefined && !mayHaveAnswered(upstream)) client.reset()
      else client.close()
      closed()
    },
  }

  const checkIdle = (): void => {
    const now = performance.now()
    const readLeftMs = movedAtMs + limits.readTimeoutMs - now
    const writeLeftMs = (uploadStuckSinceMs ?? now) + limits.writeTimeoutMs - now
    if (readLeftMs > 0 && writeLeftMs > 0) {
      idleTimer = setTimeout(checkIdle, Math.min(readLeftMs, writeLeftMs))
      return
    }
    end = writeLeftMs > 0 ? 'read-timeout' : 'write-timeout'
    client.close()
    upstream.reset()
  }
  let idleTimer = setTimeout(checkIdle, Math.min(limits.readTimeoutMs, limits.writeTimeoutMs))

  client.open(clientSink)
  upstream.open(upstreamSink)
  return promise
}

/**
 * A peer that answers and closes without reading all it was sent causes a reset, which is then the end of a good answer
 * and must not destroy it on its way to the client. Where there was no answer, or nothing it could have left unread, a
 * reset means a breakdown and the client should see one.
 */
function mayHaveAnswered(upstream: Channel): boolean {
  return upstream.bytesRead > 0 && upstream.bytesWritten > 0
}
