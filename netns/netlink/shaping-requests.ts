import { attribute, NLM_F_CREATE, NLM_F_REPLACE, type NetlinkRequest } from './message.ts'
import type { Interface } from './route-requests.ts'
import { RTM_DELQDISC, RTM_NEWQDISC, TCA_KIND, TCA_OPTIONS, TC_H_ROOT } from './route-numbers.ts'

/** Requests about queueing disciplines: linux/pkt_sched.h. */

export interface NetemSettings {
  readonly delayMs: number
  readonly jitterMs: number
  /** 0 to 1. */
  readonly loss: number
  /** Share of packets that are sent at once, 0 to 1. */
  readonly reorder: number
  /** Share of packets that are sent twice, 0 to 1. */
  readonly duplicate: number
  /** Bits per second. */
  readonly rate: number | undefined
  /** Kernels before 6.7 choose their own. */
  readonly seed: number
}

/** Makes netem the root queueing discipline of a link, in place of another. */
export function setNetem(link: Interface, settings: NetemSettings): NetlinkRequest {
  const { delayMs, jitterMs, loss, reorder, duplicate, rate, seed } = settings
  const options = Buffer.alloc(24)
  options.writeUInt32LE(QUEUE_PACKETS, 4)
  options.writeUInt32LE(probability(loss), 8)
  // Of every packet, each has the chance of `reorder`.
  options.writeUInt32LE(reorder > 0 ? 1 : 0, 12)
  options.writeUInt32LE(probability(duplicate), 16)
  return setRoot(link, 'netem', [
    options,
    attribute(TCA_NETEM_LATENCY64, nanoseconds(delayMs)),
    attribute(TCA_NETEM_JITTER64, nanoseconds(jitterMs)),
    ...(reorder > 0 ? [attribute(TCA_NETEM_REORDER, words(probability(reorder), 0))] : []),
    ...(rate === undefined
      ? []
      : [
          attribute(TCA_NETEM_RATE, words(Math.min(rate / 8, 0xffffffff), 0, 0, 0)),
          attribute(
            TCA_NETEM_RATE64,
            new Uint8Array(BigUint64Array.of(BigInt(Math.round(rate / 8))).buffer),
          ),
        ]),
    attribute(TCA_NETEM_PRNG_SEED, new Uint8Array(BigUint64Array.of(BigInt(seed)).buffer)),
  ])
}

/** Makes a token bucket the root queueing discipline of a link, in place of another. */
export function setTokenBucket(link: Interface, rate: number): NetlinkRequest {
  const bytesPerSecond = Math.round(rate / 8)
  const parameters = Buffer.alloc(36)
  parameters[1] = LINKLAYER_ETHERNET
  parameters.writeUInt32LE(Math.min(bytesPerSecond, 0xffffffff), 8)
  parameters.writeUInt32LE(
    Math.min(burstOf(rate) + Math.round((bytesPerSecond * MAXIMUM_WAIT_MS) / 1_000), 0x7fffffff),
    24,
  )
  return setRoot(link, 'tbf', [
    attribute(TCA_TBF_PARMS, parameters),
    attribute(TCA_TBF_BURST, burstOf(rate)),
  ])
}

/** Bytes that a token bucket of a rate lets through at once: two packets, or what comes in 2 ms. */
export function burstOf(rate: number): number {
  return Math.max(3_100, Math.round(rate / 8 / 500))
}

/** Gives a link back the queueing discipline it had at first. */
export function removeQueueingDiscipline(link: Interface): NetlinkRequest {
  return {
    operation: `remove the queueing discipline of ${link.name}`,
    type: RTM_DELQDISC,
    flags: 0,
    body: header(link),
  }
}

function setRoot(link: Interface, kind: string, options: readonly Uint8Array[]): NetlinkRequest {
  return {
    operation: `make ${kind} the queueing discipline of ${link.name}`,
    type: RTM_NEWQDISC,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    body: Buffer.concat([header(link), attribute(TCA_KIND, kind), attribute(TCA_OPTIONS, options)]),
  }
}

function header(link: Interface): Buffer {
  const bytes = Buffer.alloc(20)
  bytes.writeInt32LE(link.index, 4)
  bytes.writeUInt32LE(TC_H_ROOT, 12)
  return bytes
}

function probability(share: number): number {
  return Math.round(share * 0xffffffff)
}

function nanoseconds(ms: number): Uint8Array {
  return new Uint8Array(BigInt64Array.of(BigInt(Math.round(ms * 1e6))).buffer)
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer)
}

/** What waits longer than this for a token bucket is lost. */
const MAXIMUM_WAIT_MS = 400
const QUEUE_PACKETS = 20_000

const TCA_NETEM_REORDER = 3
const TCA_NETEM_RATE = 6
const TCA_NETEM_RATE64 = 8
const TCA_NETEM_LATENCY64 = 10
const TCA_NETEM_JITTER64 = 11
const TCA_NETEM_PRNG_SEED = 14
const TCA_TBF_PARMS = 1
const TCA_TBF_BURST = 6
const LINKLAYER_ETHERNET = 1
