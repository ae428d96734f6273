import { lookup } from 'node:dns/promises'
import { createSocket, type Socket } from 'node:dgram'
import { isIP } from 'node:net'

const rememberMs = 30_000

/** Sends UDP datagrams to one host; of its addresses an IPv4 one is preferred. */
export class DatagramSender {
  readonly #host: string
  readonly #port: number
  #destination: { readonly address: string; readonly foundAt: number } | undefined
  #socket: { readonly socket: Socket; readonly family: number } | undefined

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  /** Resolves when the kernel has taken all; rejects, naming the destination, with the first failure of several. */
  async send(datagrams: readonly string[]): Promise<void> {
    const failures: unknown[] = []
    try {
      const address = await this.#address()
      const socket = this.#socketFor(isIP(address))
      for (const datagram of datagrams) {
        // oxlint-disable-next-line no-await-in-loop -- a burst would overrun the receiver
        await sendOne(socket, datagram, this.#port, address).catch((error) => failures.push(error))
      }
    } catch (error) {
      failures.push(error)
    }
    if (failures.length > 0) {
      const [first] = failures
      const reason = first instanceof Error ? first.message : String(first)
      throw new Error(`could not send to ${this.#host}:${this.#port}: ${reason}`)
    }
  }

  release(): void {
    this.#socket?.socket.close()
    this.#socket = undefined
  }

  async #address(): Promise<string> {
    if (isIP(this.#host) !== 0) return this.#host
    const known = this.#destination
    if (known !== undefined && Date.now() - known.foundAt < rememberMs) return known.address
    const found = await lookup(this.#host, { all: true })
    const address = (found.find(({ family }) => family === 4) ?? found[0])?.address
    if (address === undefined) throw new Error('the name has no address')
    this.#destination = { address, foundAt: Date.now() }
    return address
  }

  #socketFor(family: number): Socket {
    if (this.#socket?.family !== family) {
      this.release()
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
      // A refusal that comes back later belongs to no datagram in particular.
      socket.on('error', () => this.release())
      this.#socket = { socket, family }
    }
    return this.#socket.socket
  }
}

function sendOne(socket: Socket, datagram: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(datagram, port, address, (error) => (error === null ? resolve() : reject(error)))
  })
}
