import { once } from 'node:events'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { messageOf } from '#core/base/errors.ts'

export interface LineSenderOptions {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly keepAliveMs: number
  /** undefined = plain TCP. Certificates are not checked, as in Kong 1.1. */
  readonly tls: { readonly serverName: string | undefined } | undefined
}

/** Sends lines over one TCP connection, which it opens when there is something to send. */
export class LineSender {
  readonly #options: LineSenderOptions
  #socket: Socket | undefined

  constructor(options: LineSenderOptions) {
    this.#options = options
  }

  /** Resolves when the kernel has taken the lines; rejects, naming the destination. */
  async send(lines: readonly string[], signal: AbortSignal): Promise<void> {
    const { host, port, timeoutMs } = this.#options
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    let socket: Socket | undefined
    try {
      socket = this.#socket ?? (await this.#connect(limit))
      await write(socket, `${lines.join('\r\n')}\r\n`, limit)
    } catch (error) {
      socket?.destroy()
      this.#socket = undefined
      const reason = limit.aborted ? limit.reason : error
      throw new Error(`could not send to ${host}:${port}: ${messageOf(reason)}`, { cause: error })
    }
  }

  async release(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket === undefined || socket.destroyed) return
    // A receiver that never closes its side must not keep this one.
    socket.setTimeout(1000, () => socket.destroy())
    socket.end()
    await new Promise((resolve) => socket.once('close', resolve))
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const { host, port, keepAliveMs, tls } = this.#options
    const name = tls?.serverName ?? host
    const socket =
      tls === undefined
        ? connectTcp({ host, port })
        : connectTls({
            host,
            port,
            rejectUnauthorized: false,
            ...(isIP(name) === 0 && { servername: name }),
          })
    try {
      await once(socket, tls === undefined ? 'connect' : 'secureConnect', { signal })
    } catch (error) {
      socket.destroy()
      throw error
    }
    const forget = (): void => {
      socket.destroy()
      if (this.#socket === socket) this.#socket = undefined
    }
    // The receiver has nothing to say; reading notices when it closes.
    socket.resume().on('end', forget).on('close', forget).on('error', forget)
    socket.setTimeout(keepAliveMs, () => {
      // What the receiver is slow to take has a time limit of its own.
      if (socket.writableLength === 0) forget()
    })
    this.#socket = socket
    return socket
  }
}

function write(socket: Socket, text: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    socket.write(text, (error) => {
      signal.removeEventListener('abort', abort)
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}
