import { constants, type ServerHttp2Stream } from 'node:http2'
import { BodyReader } from '#core/codec/http1-body.ts'
import { ResponseHeadReader, type ResponseHead } from '#core/codec/http1-response-head.ts'
import type { Channel, Sink, TlsSession } from '#core/dataplane/channel/channel.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { Http1RequestText } from './http1-request-text.ts'
import { http2Fields, http2ResponseHeaders } from './http2-response-headers.ts'

/** Nothing that came through our own proxy is larger. */
const responseLimits = { maxHeadBytes: 256 * 1024, maxLineBytes: 128 * 1024 }

/**
 * One HTTP/2 stream, seen as an HTTP/1.1 connection on which a client sends one request and then waits for the answer.
 *
 * Whoever serves it reads the request's bytes and writes those of the answer, none the wiser. Flow control works
 * through: a paused channel leaves the client's bytes in its window, and a slow client makes `write` return false. The
 * end of the request is not the end of the connection: `onEnd` comes when the answer is complete.
 */
export class StreamChannel implements Channel {
  readonly remote: SocketAddress
  readonly local: SocketAddress
  readonly tls: TlsSession | undefined

  readonly #stream: ServerHttp2Stream
  readonly #request: Http1RequestText
  readonly #responses = new ResponseHeadReader(responseLimits)
  #responseBody: BodyReader | undefined
  #answered = false
  #sink: Sink | undefined
  #paused = true
  /** Received, not yet delivered, in order. */
  #kept: Buffer[]
  #deliveryScheduled = false
  #endDelivered = false
  #closing = false
  #gone = false
  #closedDelivered = false
  #bytesRead = 0
  #bytesWritten = 0
  #requestOver = false
  #failure: Error | undefined
  #lingerTimer: NodeJS.Timeout | undefined

  constructor(
    stream: ServerHttp2Stream,
    request: Http1RequestText,
    connection: Pick<Channel, 'remote' | 'local' | 'tls'>,
  ) {
    this.#stream = stream
    this.#request = request
    this.remote = connection.remote
    this.local = connection.local
    this.tls = connection.tls
    const head = Buffer.from(request.text, 'latin1')
    this.#kept = [head]
    this.#bytesRead = head.length
    stream.pause()
    stream.on('data', (bytes: Buffer) => this.#received(bytes))
    stream.on('end', () => this.#requestEnded(''))
    stream.on('trailers', (_headers, _flags, ...more: readonly unknown[]) =>
      this.#requestEnded(trailerLines(more[0])),
    )
    stream.on('drain', () => {
      if (!this.#closing) this.#sink?.onDrain()
    })
    stream.on('wantTrailers', () => this.#sendTrailers())
    stream.on('finish', () => this.#sentAll())
    // Why it failed is in its code.
    stream.on('error', () => {})
    stream.on('close', () => {
      clearTimeout(this.#lingerTimer)
      this.#gone = true
      this.#deliver()
    })
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  get bytesWritten(): number {
    return this.#bytesWritten
  }

  open(sink: Sink): void {
    this.#sink = sink
    this.#endDelivered = false
    this.#closedDelivered = false
    this.resume()
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#closing) return
    this.#kept.unshift(Buffer.from(bytes))
    this.#scheduleDelivery()
  }

  pause(): void {
    if (this.#closing) return
    this.#paused = true
    this.#stream.pause()
  }

  resume(): void {
    this.#paused = false
    this.#scheduleDelivery()
  }

  write(bytes: Uint8Array): boolean {
    this.#bytesWritten += bytes.length
    try {
      this.#relay(bytes)
    } catch (error) {
      // What is no response in HTTP/2's eyes either concerns this stream alone.
      this.#failure = error instanceof Error ? error : new Error(String(error))
      this.#stream.destroy(this.#failure)
    }
    return this.#stream.destroyed || !this.#stream.writableNeedDrain
  }

  end(): void {
    if (this.#answered || this.#responseBody?.end() !== true) return
    this.#answered = true
    this.#stream.end()
  }

  close(): void {
    if (this.#closing) return
    this.end()
    if (!this.#answered) return this.reset()
    this.#discardInput()
    // Nobody else watches any longer whether the client takes the rest.
    if (this.#gone) return
    this.#lingerTimer = setTimeout(() => this.#stream.destroy(), lingerLimitMs)
    this.#lingerTimer.unref()
  }

  reset(): void {
    this.#discardInput()
    // Closing it with a code would end the answer in good order first.
    if (!this.#stream.closed) this.#stream.destroy(new Error('The answer is not complete'))
  }

  #received(bytes: Buffer): void {
    this.#bytesRead += bytes.length
    if (this.#closing || this.#answered) return
    if (!this.#request.chunked) this.#kept.push(bytes)
    else if (bytes.length > 0) {
      const size = Buffer.from(`${bytes.length.toString(16)}\r\n`)
      this.#kept.push(Buffer.concat([size, bytes, lineEnd]))
    }
    this.#deliver()
  }

  #requestEnded(trailers: string): void {
    if (!this.#request.chunked || this.#closing || this.#answered || this.#requestOver) return
    this.#requestOver = true
    this.#kept.push(Buffer.from(`0\r\n${trailers}\r\n`, 'latin1'))
    this.#deliver()
  }

  #scheduleDelivery(): void {
    if (this.#deliveryScheduled) return
    this.#deliveryScheduled = true
    queueMicrotask(() => {
      this.#deliveryScheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    if (this.#sink === undefined || this.#closedDelivered) return
    while (!this.#paused && !this.#gone && this.#kept.length > 0) {
      this.#sink.onBytes(this.#kept.shift()!)
    }
    if (this.#answered && !this.#closing && !this.#endDelivered) {
      this.#endDelivered = true
      this.#sink.onEnd()
    }
    if (this.#gone) {
      this.#closedDelivered = true
      this.#sink.onClosed(this.#fault())
    } else if (!this.#paused) this.#stream.resume()
  }

  #fault(): Error | undefined {
    const { rstCode } = this.#stream
    if (this.#failure !== undefined) return this.#failure
    if (this.#answered && rstCode === constants.NGHTTP2_NO_ERROR) return undefined
    return new Error(`The HTTP/2 stream was reset with code ${rstCode}`)
  }

  #discardInput(): void {
    this.#closing = true
    this.#paused = false
    this.#kept = []
    this.#stream.resume()
  }

  #relay(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length && !this.#answered && !this.#stream.closed) {
      const body = this.#responseBody
      at = body === undefined ? this.#readHead(bytes, at) : this.#readBody(body, bytes, at)
    }
  }

  #readHead(bytes: Uint8Array, at: number): number {
    const end = this.#responses.read(bytes, at)
    const head = this.#responses.take(this.#request.method)
    if (head === undefined) return end
    if (head.status >= 200) this.#respond(head)
    else this.#stream.additionalHeaders(interimHeaders(head))
    return end
  }

  #respond(head: ResponseHead): void {
    const body = new BodyReader(head.framing)
    this.#responseBody = body
    const stream = this.#stream
    // Node sends none beyond 599, which no registered status is.
    const status = head.status > 599 ? 502 : head.status
    stream.respond(http2ResponseHeaders(status, head.fields), {
      endStream: body.done,
      waitForTrailers: head.framing.kind === 'chunked',
    })
    if (body.done) this.#answerComplete()
  }

  #readBody(body: BodyReader, bytes: Uint8Array, at: number): number {
    const end = body.read(bytes, at, (piece, from, to) => {
      // The library keeps what it is given, and the caller uses the bytes again.
      this.#stream.write(Buffer.from(piece.subarray(from, to)))
    })
    if (body.done) {
      this.#stream.end()
      this.#answerComplete()
    }
    return end
  }

  #answerComplete(): void {
    this.#answered = true
    this.#kept = []
    // Whoever serves it has more to do before it can hear of the end.
    this.#scheduleDelivery()
  }

  #sendTrailers(): void {
    const fields = http2Fields(this.#responseBody?.trailers ?? [])
    const trailers: Record<string, string[]> = {}
    for (let at = 0; at < fields.length; at += 2) {
      ;(trailers[fields[at]!] ??= []).push(fields[at + 1]!)
    }
    this.#stream.sendTrailers(trailers)
  }

  /** RFC 9113 section 8.1: a client that is still sending need not go on after the whole answer. */
  #sentAll(): void {
    if (!this.#stream.readableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }
}

/** nginx's default for how long a client may take nothing of its answer. */
const lingerLimitMs = 60_000

const lineEnd = Buffer.from('\r\n')

function interimHeaders(head: ResponseHead): Record<string, string | number | string[]> {
  const fields = http2Fields(head.fields)
  const headers: Record<string, string | number | string[]> = { ':status': head.status }
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!
    const before = headers[name]
    headers[name] = [...(Array.isArray(before) ? before : []), fields[at + 1]!]
  }
  return headers
}

/** Trailer lines of HTTP/1.1 for names and values in turn. */
function trailerLines(raw: unknown): string {
  if (!Array.isArray(raw)) return ''
  let lines = ''
  for (let at = 0; at + 1 < raw.length; at += 2) lines += `${raw[at]}: ${raw[at + 1]}\r\n`
  return lines
}
