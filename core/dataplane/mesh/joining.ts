import type { MeshProspect } from '#core/model/mesh.ts'

/** The time in which a node is about to be a member of its mesh, and can neither recognise a peer nor prove itself. */
export class Joining {
  readonly #protocolPrefix: string
  readonly #ended = Promise.withResolvers<void>()
  readonly #timer: NodeJS.Timeout
  #underWay = true

  constructor({ protocolPrefix, timeoutMs }: MeshProspect) {
    this.#protocolPrefix = protocolPrefix
    this.#timer = setTimeout(() => this.end(), timeoutMs).unref()
  }

  /** Resolves when there is no more reason to wait: it is known what the node is, or it took too long. undefined = now. */
  get ended(): Promise<void> | undefined {
    return this.#underWay ? this.#ended.promise : undefined
  }

  /** Whether somebody who offers these protocols may be a peer. */
  mayBePeer(protocols: readonly string[]): boolean {
    return protocols.some((protocol) => protocol.startsWith(this.#protocolPrefix))
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#underWay = false
    this.#ended.resolve()
  }
}
