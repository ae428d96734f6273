import type { Frame } from './pcap.ts'
import { openThreadRing, type ThreadRing } from './ring-thread.ts'
import { findTcpConnections, type TcpConnection } from './tcp-flows.ts'

export interface CaptureOptions {
  /** What errors call it. */
  readonly interface: string
  /** How many bytes of packets are kept; the oldest go first. Default: 128 MB. */
  readonly keepBytes?: number
}

export interface CapturedPackets {
  readonly linkType: number
  /** In the order of capture. */
  readonly frames: readonly Frame[]
}

/** The TCP packets of one interface, recorded while it is open. */
export interface Capture extends AsyncDisposable {
  /**
   * All packets since it opened. Nothing that crossed the interface before this call is missing. With `sinceMs` packets
   * from before that time may be missing, when there were more than are kept.
   *
   * @throws {Error} When packets were dropped, or are not kept any more.
   */
  packets(options?: { readonly sinceMs?: number }): Promise<CapturedPackets>
  /**
   * The TCP connections of all packets since `sinceMs` (default: since it opened).
   *
   * @throws {Error} As `packets` does.
   */
  connections(options?: { readonly sinceMs?: number }): Promise<readonly TcpConnection[]>
}

/** The TCP connections of captured packets since a time. */
export function connectionsSince(
  { linkType, frames }: CapturedPackets,
  sinceMs: number,
): readonly TcpConnection[] {
  return findTcpConnections(
    linkType,
    frames.filter(({ atMs }) => atMs >= sinceMs),
  )
}

/** Records what a socket sees that `openPacketSocket` has opened; takes its descriptor over. */
export async function openCapture(fd: number, options: CaptureOptions): Promise<Capture> {
  return new RingCapture(await openThreadRing(fd), options)
}

/** LINKTYPE_ value: what links of labs are, loopback interfaces, too. */
export const linkTypeEthernet = 1
const defaultKeepBytes = 128 * 1024 * 1024

class RingCapture implements Capture {
  readonly #ring: ThreadRing
  readonly #interface: string
  readonly #keepBytes: number
  #frames: Frame[] = []
  #bytes = 0
  /** When the last one was taken that is not kept. */
  #forgottenMs: number | undefined
  #taking: Promise<void> = Promise.resolve()

  constructor(ring: ThreadRing, options: CaptureOptions) {
    this.#ring = ring
    this.#interface = options.interface
    this.#keepBytes = options.keepBytes ?? defaultKeepBytes
  }

  async packets({ sinceMs = 0 } = {}): Promise<CapturedPackets> {
    // One after the other, so that each sees what those before it have taken.
    const taken = this.#taking.then(() => this.#take())
    this.#taking = taken.catch(() => {})
    await taken
    if (this.#forgottenMs !== undefined && this.#forgottenMs >= sinceMs) {
      throw new Error(
        `The capture of ${this.#interface} is not whole: there were more packets than ${this.#keepBytes} bytes hold.`,
      )
    }
    return { linkType: linkTypeEthernet, frames: [...this.#frames] }
  }

  async connections({ sinceMs = 0 } = {}): Promise<readonly TcpConnection[]> {
    return connectionsSince(await this.packets({ sinceMs }), sinceMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ring[Symbol.asyncDispose]()
  }

  async #take(): Promise<void> {
    const { frames, dropped } = await this.#ring.take()
    if (dropped > 0) {
      const what = `${dropped} packets were dropped`
      throw new Error(`The capture of ${this.#interface} is not whole: ${what}.`)
    }
    for (const frame of frames) {
      this.#frames.push(frame)
      this.#bytes += frame.bytes.length
    }
    let forgotten = 0
    while (this.#bytes > this.#keepBytes) {
      const frame = this.#frames[forgotten]
      if (frame === undefined) break
      this.#bytes -= frame.bytes.length
      this.#forgottenMs = frame.atMs
      forgotten += 1
    }
    if (forgotten > 0) this.#frames = this.#frames.slice(forgotten)
  }
}
