import type { Channel, Sink } from '#core/dataplane/channel/channel.ts'
import { Deadline } from './deadline.ts'

export interface TunnelOptions {
  /** Longest silence in both directions, in ms. */
  readonly idleTimeoutMs: number
  readonly onFinished: () => void
}

/**
 * Passes bytes both ways between two connections after an upgrade: a direction that ends leaves the other open, a slow
 * reader slows its writer, and a reset is passed on as a reset.
 */
export function openTunnel(client: Channel, upstream: Channel, options: TunnelOptions): void {
  const ends = [new TunnelEnd(client, upstream), new TunnelEnd(upstream, client)] as const
  const idle = new Deadline(() => {
    client.reset()
    upstream.reset()
  })
  let open = 2
  for (const end of ends) {
    end.onActivity = () => idle.start(options.idleTimeoutMs)
    end.onGone = () => {
      open -= 1
      if (open > 0) return
      idle[Symbol.dispose]()
      options.onFinished()
    }
  }
  idle.start(options.idleTimeoutMs)
  client.open(ends[0])
  upstream.open(ends[1])
}

class TunnelEnd implements Sink {
  readonly #channel: Channel
  readonly #peer: Channel
  onActivity = (): void => {}
  onGone = (): void => {}

  constructor(channel: Channel, peer: Channel) {
    this.#channel = channel
    this.#peer = peer
  }

  onBytes(bytes: Uint8Array): void {
    this.onActivity()
    if (!this.#peer.write(bytes)) this.#channel.pause()
  }

  onEnd(): void {
    this.#peer.end()
  }

  onDrain(): void {
    this.onActivity()
    this.#peer.resume()
  }

  onClosed(fault: Error | undefined): void {
    if (fault === undefined) this.#peer.close()
    else this.#peer.reset()
    this.onGone()
  }
}
