import type { HttpListener, StreamListener } from './listener.ts'

/**
 * Everything a data plane needs to know, replaced whole.
 *
 * Control styles compile into it; the data plane swaps to a new one in one step, and connections that are under way
 * finish on the one they began with.
 */
export interface Snapshot {
  /** Names this state in logs; equal versions mean equal content. */
  readonly version: string
  readonly listeners: readonly Listener[]
}

export type Listener = HttpListener | StreamListener
