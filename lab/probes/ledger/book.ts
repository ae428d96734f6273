import type { Canary } from '#lab/probes/canary.ts'

/** Somebody saw, or says to have seen, a request. */
export interface Entry {
  /** Undefined: it carried no id. */
  readonly id: Canary | undefined
  /** Where to look it up: `packet 12`, `line 3: …`. */
  readonly where: string
  /** When, on a clock that all entries with a time share; only entries that have one can be out of order. */
  readonly at?: number | undefined
}

/** What one place knows of the requests of a scenario. */
export interface Book {
  /** In words: `kong-a to kong-b`, `access.log of kong-a`. */
  readonly name: string
  readonly entries: readonly Entry[]
  /** What its entries are taken from. Default: a log. */
  readonly proof?: 'packets' | 'log' | 'counter'
  /** How often a request is due in it. */
  readonly due: (id: Canary) => Due
}

/** `like`: as often as in the book of that name, and not earlier than there. */
export type Due = Times | { readonly like: string }

export type Times = number | { readonly atLeast: number; readonly atMost: number }
