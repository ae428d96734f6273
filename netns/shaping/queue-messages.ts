import type { QueueShape } from './verdicts.ts'

/** What the thread that gives verdicts is told. Each message is followed by a ring of its bell. */
export type QueueMessage =
  | {
      readonly kind: 'open'
      readonly queue: number
      /** Netlink socket that is bound to the queue; belongs to the sender. */
      readonly fd: number
      readonly shape: QueueShape
      /** Receives how many packets were seen, and how many of them were lost or repeated. */
      readonly counters: SharedArrayBuffer
    }
  | {
      readonly kind: 'repeat'
      /** Tells it from queues, too. */
      readonly queue: number
      /** Packet socket of the interface whose packets are repeated; belongs to the sender. */
      readonly fd: number
      /** 0 to 1. */
      readonly share: number
      readonly seed: number
      readonly counters: SharedArrayBuffer
    }
  /** The queue begins with its first random number again. */
  | { readonly kind: 'restart'; readonly queue: number }
  /** Packets that wait are let go at once. */
  | { readonly kind: 'close'; readonly queue: number }
  | { readonly kind: 'stop' }

/** What it answers: each message once it has been carried out. */
export type QueueAnswer = { readonly kind: 'done' }

export interface QueueWorkerData {
  readonly bell: number
}

/** Places in the counters. */
export const SEEN = 0
export const LOST = 1
export const REPEATED = 2
export const COUNTER_BYTES = 12
