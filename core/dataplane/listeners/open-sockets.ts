import type { Socket } from 'node:net'

/** The sockets of one side that are open. */
export class OpenSockets {
  readonly #sockets = new Set<Socket>()
  #emptied: PromiseWithResolvers<void> | undefined

  get size(): number {
    return this.#sockets.size
  }

  add(socket: Socket, onClosed?: () => void): void {
    if (socket.closed) return onClosed?.()
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      onClosed?.()
      if (this.#sockets.size === 0) this.#emptied?.resolve()
    })
  }

  /** Resolves when none is open; at once if none is. */
  async empty(): Promise<void> {
    if (this.#sockets.size === 0) return
    this.#emptied ??= Promise.withResolvers()
    await this.#emptied.promise
    this.#emptied = undefined
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
