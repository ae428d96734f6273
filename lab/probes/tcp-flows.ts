import type { Frame } from './pcap.ts'
import { ByteStream, type Direction } from './byte-stream.ts'
import { parseTcpSegment, type Endpoint, type TcpSegment } from './tcp-segment.ts'

/** One TCP connection as its packets on one link show it. */
export interface TcpConnection {
  readonly client: Endpoint
  readonly server: Endpoint
  /** The first packet seen of it. */
  readonly startedAtMs: number
  /** The FIN or RST that ended it for both sides. */
  readonly endedAtMs: number | undefined
  readonly toServer: Direction
  readonly toClient: Direction
  /** The first and the last frame of it. */
  readonly frames: { readonly first: Frame; readonly last: Frame }
  /** `refused`: answered by RST. `unanswered`: no SYN-ACK was seen. `open`: it had not ended yet. */
  readonly outcome: 'closed' | 'reset' | 'refused' | 'unanswered' | 'open'
}

/**
 * Groups frames into connections, oldest first. A connection that was there before them is one of them only if it
 * carried payload; the last acknowledgements of another one say nothing.
 */
export function findTcpConnections(linkType: number, frames: readonly Frame[]): TcpConnection[] {
  const flows: Flow[] = []
  const latest = new Map<string, Flow>()
  for (const frame of frames) {
    const segment = parseTcpSegment(linkType, frame.bytes)
    if (segment === undefined) continue
    const key = flowKey(segment)
    let flow = latest.get(key)
    if (flow === undefined || flow.isSucceededBy(segment)) {
      flow = new Flow(segment, frame)
      flows.push(flow)
      latest.set(key, flow)
    }
    flow.add(segment, frame)
  }
  return flows.filter((flow) => flow.says).map((flow) => flow.connection())
}

function flowKey({ source, destination }: TcpSegment): string {
  const ends = [source, destination].map(({ address, port }) => `${address} ${port}`)
  return ends.toSorted().join(' ')
}

class Flow {
  readonly #client: Endpoint
  readonly #server: Endpoint
  readonly #firstFrame: Frame
  #lastFrame: Frame
  readonly #toServer = new ByteStream()
  readonly #toClient = new ByteStream()
  #synSequence: number | undefined
  #answered = false
  #resetByServer = false
  #reset = false
  #endedAtMs: number | undefined

  constructor(first: TcpSegment, frame: Frame) {
    const fromClient = isFromClient(first)
    this.#client = fromClient ? first.source : first.destination
    this.#server = fromClient ? first.destination : first.source
    this.#firstFrame = frame
    this.#lastFrame = frame
    // Without the SYN the connection was there before the capture.
    this.#answered = !isOpening(first)
  }

  /** Whether this segment opens a new connection between the same addresses and ports. */
  isSucceededBy(segment: TcpSegment): boolean {
    return isOpening(segment) && segment.sequence !== this.#synSequence
  }

  get says(): boolean {
    return this.#synSequence !== undefined || this.#toServer.bytes + this.#toClient.bytes > 0
  }

  add(segment: TcpSegment, frame: Frame): void {
    this.#lastFrame = frame
    const fromClient = this.#isFromClient(segment)
    if (isOpening(segment)) this.#synSequence = segment.sequence
    if (segment.syn && segment.ack) this.#answered = true
    // A reset after both sides have finished ends nothing any more.
    if (segment.rst && !this.#finished()) {
      this.#reset = true
      if (!fromClient) this.#resetByServer = true
    }
    const stream = fromClient ? this.#toServer : this.#toClient
    stream.add(segment, frame)
    if (this.#reset || this.#finished()) this.#endedAtMs ??= frame.atMs
  }

  connection(): TcpConnection {
    return {
      client: this.#client,
      server: this.#server,
      startedAtMs: this.#firstFrame.atMs,
      endedAtMs: this.#endedAtMs,
      toServer: this.#toServer.direction(),
      toClient: this.#toClient.direction(),
      frames: { first: this.#firstFrame, last: this.#lastFrame },
      outcome: this.#outcome(),
    }
  }

  #outcome(): TcpConnection['outcome'] {
    if (!this.#answered) return this.#resetByServer ? 'refused' : 'unanswered'
    if (this.#reset) return 'reset'
    return this.#finished() ? 'closed' : 'open'
  }

  #finished(): boolean {
    return this.#toServer.finished && this.#toClient.finished
  }

  #isFromClient({ source }: TcpSegment): boolean {
    return source.address === this.#client.address && source.port === this.#client.port
  }
}

function isOpening(segment: TcpSegment): boolean {
  return segment.syn && !segment.ack
}

/** Who dialled: told by the SYN, and for a connection older than the capture by the smaller port, which serves. */
function isFromClient(segment: TcpSegment): boolean {
  if (segment.syn) return !segment.ack
  return segment.source.port > segment.destination.port
}
