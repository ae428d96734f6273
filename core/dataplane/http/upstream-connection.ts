import type { Channel, Sink } from '#core/dataplane/channel/channel.ts'

/** Who uses an upstream connection. */
export interface ConnectionUser {
  connectionBytes(bytes: Uint8Array): void
  connectionDrained(): void
  /** The upstream will send no more; with a fault if the connection broke. */
  connectionEnded(fault: Error | undefined): void
}

/** One upstream connection as long as a request uses it. */
export class UpstreamConnection implements Sink {
  readonly channel: Channel
  /** Whether it served another request before. */
  readonly reused: boolean
  /** Whether the upstream sent anything in answer. */
  answering = false
  ended = false
  #user: ConnectionUser | undefined

  constructor(channel: Channel, reused: boolean, user: ConnectionUser) {
    this.channel = channel
    this.reused = reused
    this.#user = user
  }

  /** The user is told no more. */
  release(): Channel {
    this.#user = undefined
    return this.channel
  }

  onBytes(bytes: Uint8Array): void {
    this.answering = true
    this.#user?.connectionBytes(bytes)
  }

  onEnd(): void {
    this.ended = true
    this.#user?.connectionEnded(undefined)
  }

  onDrain(): void {
    this.#user?.connectionDrained()
  }

  onClosed(fault: Error | undefined): void {
    this.ended = true
    this.#user?.connectionEnded(fault)
  }
}
