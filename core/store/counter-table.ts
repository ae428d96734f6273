/**
 * Counters that all processes of a store share. They are no part of its version: nobody is told of a change. Every
 * method rejects while the store cannot be reached.
 */
export interface CounterTable {
  /** Adds all or nothing. A counter begins at 0 and is forgotten some time after `expiresAt`. */
  add(additions: readonly CounterAddition[]): Promise<void>
  /** Values in the order of the keys; 0 for what is not there. */
  read(keys: readonly string[]): Promise<readonly number[]>
}

export interface CounterAddition {
  readonly key: string
  readonly by: number
  /** Unix time in ms. */
  readonly expiresAt: number
}
