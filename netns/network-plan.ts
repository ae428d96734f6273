import { familyOf } from './ip-address.ts'
import type { RuleSet } from './firewall/rule-set.ts'

/** A whole network as data: what `openNetwork` builds in one go, and what `plan` prints. Knows nothing of meshes. */
export interface NetworkPlan {
  readonly namespaces: readonly NamespacePlan[]
  readonly links: readonly LinkPlan[]
}

export interface NamespacePlan {
  /** `[a-z0-9-]{1,63}`; `/run/netns/<name>` when the network is opened with named namespaces. */
  readonly name: string
  /**
   * Written below /proc/sys, for example `net.ipv4.ip_forward`: `0`. A new namespace inherits IPv4 settings from the
   * host, so whatever matters is set here and never assumed. Forwarding is set to 0 (both families) unless named.
   */
  readonly sysctls: Readonly<Record<string, string>>
  /** Addresses on `lo` besides 127.0.0.1/8 and ::1/128, in CIDR form. */
  readonly loopbackAddresses: readonly string[]
  readonly routes: readonly RoutePlan[]
  readonly policyRules: readonly PolicyRulePlan[]
  /** Rule sets to load once links are up; each replaces what it describes and nothing else. */
  readonly ruleSets: readonly RuleSet[]
}

/** A namespace without anything that a plan may give it; its name is still to come. */
export const emptyNamespace: Omit<NamespacePlan, 'name'> = {
  sysctls: {},
  loopbackAddresses: [],
  routes: [],
  policyRules: [],
  ruleSets: [],
}

/** The table of routes that no rule leads to another one. */
export const MAIN_TABLE = 254

/** A route through a neighbour, in the main table. `to` is a network, or `default`. */
export function gatewayRoute({
  to,
  via,
  reason,
}: {
  readonly to: string
  readonly via: string
  readonly reason: string
}): RoutePlan {
  return {
    destination: to,
    type: 'unicast',
    via,
    interface: undefined,
    table: MAIN_TABLE,
    family: familyOf(via),
    reason,
  }
}

/** A veth pair made in place in both namespaces, or a bridge with one port for each end. */
export type LinkPlan =
  | {
      readonly kind: 'veth'
      readonly name: string
      readonly ends: readonly [LinkEndPlan, LinkEndPlan]
    }
  | {
      readonly kind: 'bridge'
      readonly name: string
      /** The namespace that holds the bridge: one of its own, so that no rule of a node filters bridged frames. */
      readonly namespace: string
      readonly ends: readonly LinkEndPlan[]
    }

export interface LinkEndPlan {
  readonly namespace: string
  /** At most 15 characters. */
  readonly interface: string
  /** CIDR form, both families; IPv6 without duplicate address detection. */
  readonly addresses: readonly string[]
}

export interface RoutePlan {
  /** CIDR block or `default`. */
  readonly destination: string
  /** `local`: delivered to this machine whatever the address, as TPROXY needs it. */
  readonly type: 'unicast' | 'local'
  readonly via: string | undefined
  readonly interface: string | undefined
  /** Routing table; 254 is `main`. */
  readonly table: number
  readonly family: 4 | 6
  readonly reason: string
}

export interface PolicyRulePlan {
  readonly family: 4 | 6
  readonly mark: number
  readonly table: number
  readonly priority: number
  readonly reason: string
}
