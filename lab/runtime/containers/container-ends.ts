import { Readable } from 'node:stream'
import { readJsonLines } from '#lab/holder/json-lines.ts'
import type { Engine } from './engine.ts'
import { ownerLabel } from './owner.ts'

/** Tells how the containers of an owner, and the commands run in them, end. */
export class ContainerEnds implements Disposable {
  readonly #stream: Readable
  readonly #ends = new Map<string, PromiseWithResolvers<number>>()
  #broken: Error | undefined

  private constructor(stream: Readable) {
    this.#stream = stream
    void this.#listen()
  }

  static async open(engine: Engine, owner: string): Promise<ContainerEnds> {
    const stream = await engine.getEvents({
      // The engine answers before it listens itself; from this time on it tells what it remembers, too.
      since: Math.floor(Date.now() / 1000),
      filters: {
        type: ['container'],
        event: ['die', 'exec_die'],
        label: [`${ownerLabel}=${owner}`],
      },
    })
    return new ContainerEnds(Readable.from(stream, { objectMode: false }))
  }

  /** Resolves to the exit code of a container or command by its id, also when it has ended before; ask once. */
  async ended(id: string): Promise<number> {
    if (this.#broken !== undefined) throw this.#broken
    try {
      return await this.#endOf(id).promise
    } finally {
      this.#ends.delete(id)
    }
  }

  [Symbol.dispose](): void {
    this.#stream.destroy()
  }

  async #listen(): Promise<void> {
    for await (const event of readJsonLines<EngineEvent>(this.#stream)) {
      const { ID, Attributes } = event.Actor
      this.#endOf(Attributes['execID'] ?? ID).resolve(Number(Attributes['exitCode']))
    }
    this.#broken = new Error('the connection to the container engine has ended')
    for (const end of this.#ends.values()) end.reject(this.#broken)
  }

  #endOf(id: string): PromiseWithResolvers<number> {
    const known = this.#ends.get(id)
    if (known !== undefined) return known
    const end = Promise.withResolvers<number>()
    // Nobody may ask.
    end.promise.catch(() => {})
    this.#ends.set(id, end)
    return end
  }
}

interface EngineEvent {
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}
