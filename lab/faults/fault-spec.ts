/** What can be done to a running lab, as data. `node` and `from`, `to` are names of nodes, `link` that of a link. */
export type FaultSpec = LinkFaultSpec | NodeFaultSpec

/**
 * Which packets of a link: without `from` and `to` all of them, both ways; with `from` what that node sends, with `to`
 * what it receives, with both what one sends to the other.
 */
export interface LinkPlace {
  readonly link: string
  readonly from?: string
  readonly to?: string
}

export type LinkFaultSpec =
  /** Packets vanish without a word. */
  | (LinkPlace & { readonly kind: 'partition' })
  /** The end of `from` is set down. Without it the link is: one end of a pair, whose other loses its carrier, or all ends of a bridge. */
  | { readonly kind: 'down'; readonly link: string; readonly from?: string }
  | (LinkPlace & {
      readonly kind: 'delay'
      readonly ms: number
      /** How far from `ms` a packet's delay may be. Default: 0. */
      readonly jitterMs?: number
      readonly seed?: number
    })
  /** Delays between 0 and twice `ms`; packets overtake each other. */
  | (LinkPlace & { readonly kind: 'jitter'; readonly ms: number; readonly seed?: number })
  | (LinkPlace & { readonly kind: 'loss'; readonly percent: number; readonly seed?: number })
  /** So many packets arrive twice. */
  | (LinkPlace & { readonly kind: 'duplicate'; readonly percent: number; readonly seed?: number })
  | (LinkPlace & { readonly kind: 'rate'; readonly mbit: number })
  /** All packets are late by `ms`, but for `percent` of them, which overtake the others. */
  | (LinkPlace & {
      readonly kind: 'reorder'
      readonly percent: number
      readonly ms: number
      readonly seed?: number
    })

export type NodeFaultSpec =
  /** SIGKILL to its processes; healing starts them again. */
  | { readonly kind: 'kill'; readonly node: string }
  /** SIGSTOP to its processes; healing lets them go on. */
  | { readonly kind: 'pause'; readonly node: string }
  /** Stops and starts it; over when it is ready again. */
  | { readonly kind: 'restart'; readonly node: string }
  /**
   * Resets all TCP connections it has; over at once. `by` is for kernels and purposes that want one way: the kernel destroys
   * them at once, rules answer the next thing that either end says. Default: the kernel, rules where it cannot.
   */
  | { readonly kind: 'reset'; readonly node: string; readonly by?: 'kernel' | 'rules' }
  /** Restarts it with another wall clock, such as `+1y`, `-3d`, `+90s`; healing restarts it with the right one. */
  | { readonly kind: 'clock'; readonly node: string; readonly offset: string }
  /**
   * Restarts it so long ago that the certificates it makes for itself, which last `lifetimeDays`, ended yesterday. Default:
   * 7300, the lifetime of what Kong nodes sign.
   */
  | { readonly kind: 'expired-certificate'; readonly node: string; readonly lifetimeDays?: number }
  /** The store of the lab's Kong nodes takes no changes (SQLite) or refuses all connections (PostgreSQL). */
  | { readonly kind: 'store-down' }

export type FaultKind = FaultSpec['kind']

/** Kinds that end by themselves. */
export const momentary: ReadonlySet<FaultKind> = new Set(['restart', 'reset'])

/** A fault that is in force, or was and ended by itself. */
export interface FaultStatus {
  /** `f1`, `f2`, …: the order in which they were made. */
  readonly id: string
  readonly spec: FaultSpec
  readonly state: 'active' | 'over'
  /** ISO 8601. */
  readonly since: string
  /** What does it: `netem`, `packet queue`, `token bucket`, `rules`, `signal`, … */
  readonly by: string
  /** What probes saw, one way each, once it was in force. */
  readonly measured: readonly MeasuredWay[]
  /** What became of packets since then; undefined where nobody counts. */
  readonly packets:
    | { readonly seen: number; readonly lost: number; readonly repeated: number }
    | undefined
  /** What was done, for kinds that say so: `3 connections reset`. */
  readonly note: string | undefined
}

/** Probes over a link in one direction. */
export interface MeasuredWay {
  readonly from: string
  readonly to: string
  readonly sent: number
  readonly arrived: number
  /** Arrivals of what had arrived before. */
  readonly repeated: number
  readonly delayMs:
    | { readonly median: number; readonly least: number; readonly most: number }
    | undefined
  readonly mbit: number | undefined
}
