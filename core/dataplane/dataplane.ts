import type { Snapshot } from '#core/model/snapshot.ts'

/** The running proxy: listeners, connections and nothing about who configured them. */
export interface Dataplane extends AsyncDisposable {
  /**
   * Opens listeners that are new, closes those that are gone, and swaps the configuration of the rest between two
   * connections. All or nothing: when a new listener cannot be bound, the old snapshot stays.
   * @throws MeshError `listen-failed` naming each address that could not be bound and why.
   */
  apply(snapshot: Snapshot): Promise<void>
  /** Stops accepting and resolves when the last connection has finished or `timeoutMs` has passed. */
  drain(timeoutMs: number): Promise<'drained' | 'timeout'>
  readonly counters: Counters
}

export interface Counters {
  readonly accepted: number
  readonly active: number
  readonly requests: number
}
