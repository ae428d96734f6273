import type { LogLevel } from '#core/base/log.ts'
import type { EntityDirectory } from '#core/kong/entities/entity-directory.ts'
import type { NodeHost } from '#core/kong/plugins/plugin-host.ts'
import type { CounterTable } from '#core/store/counter-table.ts'
import type { Store } from '#core/store/store.ts'

export interface PluginHostOptions {
  readonly nodeId: string
  readonly hostname: string
  /** What changes while the node runs. */
  readonly now: () => {
    readonly prefix: string
    readonly entities: EntityDirectory
    readonly store: Store
  }
  readonly counts: NodeHost['counts']
  readonly log: (level: LogLevel, message: string) => void
}

/** What a node offers to its plugins; what they have it keep is disposed of with it. */
export class PluginHostOfNode implements NodeHost, AsyncDisposable {
  readonly nodeId: string
  readonly hostname: string
  readonly counts: NodeHost['counts']
  readonly #options: PluginHostOptions
  readonly #kept = new Map<string, object>()

  constructor(options: PluginHostOptions) {
    this.nodeId = options.nodeId
    this.hostname = options.hostname
    this.counts = options.counts
    this.#options = options
  }

  get prefix(): string {
    return this.#options.now().prefix
  }

  get entities(): EntityDirectory {
    return this.#options.now().entities
  }

  get counters(): CounterTable {
    return this.#options.now().store.counters
  }

  log(level: LogLevel, message: string): void {
    this.#options.log(level, message)
  }

  keep<thing extends object>(key: string, make: () => thing): thing {
    let kept = this.#kept.get(key)
    if (kept === undefined) {
      kept = make()
      this.#kept.set(key, kept)
    }
    // oxlint-disable-next-line no-unsafe-type-assertion -- who uses a key agrees on what is kept under it
    return kept as thing
  }

  async reachable(): Promise<boolean> {
    try {
      await this.#options.now().store.version()
      return true
    } catch {
      return false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const kept = [...this.#kept.values()]
    this.#kept.clear()
    await Promise.all(kept.map(dispose))
  }
}

async function dispose(thing: Partial<AsyncDisposable & Disposable>): Promise<void> {
  if (thing[Symbol.asyncDispose] !== undefined) await thing[Symbol.asyncDispose]?.()
  else thing[Symbol.dispose]?.()
}
