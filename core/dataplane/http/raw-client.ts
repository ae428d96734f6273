import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

/** A client that sends bytes as they are given and keeps what it receives. */
export class RawClient implements Disposable {
  readonly socket: Socket
  received = ''
  ended = false
  closed = false
  fault: string | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1')
    })
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('error', (error) => {
      this.fault = 'code' in error ? String(error.code) : error.message
    })
    socket.on('close', () => {
      this.closed = true
    })
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Waits until what was received satisfies a condition, for at most fifteen seconds. */
  async until(condition: (client: RawClient) => boolean): Promise<string> {
    const deadline = performance.now() + 15_000
    while (!condition(this)) {
      if (performance.now() > deadline) {
        throw new Error(`Waited in vain; received: ${JSON.stringify(this.received)}`)
      }
      await nextTurn()
    }
    return this.received
  }

  /** Waits until a text was received. */
  async expect(text: string): Promise<string> {
    return this.until((client) => client.received.includes(text))
  }

  /** Waits until the server has closed its direction, and returns all it said. */
  async end(): Promise<string> {
    return this.until((client) => client.ended || client.closed)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** Sends bytes and returns all that comes until the server closes. */
export async function exchangeRaw(port: number, text: string): Promise<string> {
  using client = await RawClient.open(port)
  client.send(text)
  return await client.end()
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 2)
  })
}
