import type { HttpListener, StreamListener } from './listener.ts'
import type { AddressRewrite, MeshMembership, MeshProspect } from './mesh.ts'
import type { TargetPool } from './target-pool.ts'

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
  /** Names that stand for several targets. Default none. */
  readonly pools?: readonly TargetPool[]
  /** Present = this node belongs to a mesh. */
  readonly mesh?: MeshMembership | undefined
  /** Without `mesh`, present = this node is about to belong to one. */
  readonly joining?: MeshProspect | undefined
  /** Applied after filters, before an address is chosen; targets of pools are not rewritten. Default none. */
  readonly rewrites?: readonly AddressRewrite[]
  /** How host names are resolved. Default: this machine's own configuration. */
  readonly dns?: DnsSettings
}

export interface DnsSettings {
  /** `address:port` of name servers; empty = those of /etc/resolv.conf. */
  readonly servers: readonly string[]
  readonly hostsFile: string
  /** Which records are asked for, in order; `LAST` = the kind that was found last time. */
  readonly order: readonly ('LAST' | 'SRV' | 'A' | 'AAAA' | 'CNAME')[]
  /** How long an expired answer is used while it is asked for anew, in s. */
  readonly staleTtl: number
  /** How long it is remembered that a name does not exist, in s. */
  readonly notFoundTtl: number
  /** How long it is remembered that asking failed, in s. */
  readonly errorTtl: number
}

export type Listener = HttpListener | StreamListener
