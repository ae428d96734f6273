/**
 * Interception rules as data. One rule set is rendered to iptables-restore text and to nft text; both behave alike,
 * down to what happens when the proxy is dead: the connection is dropped, never let past.
 */
export interface RuleSet {
  /** Names the set: the nft table, the comment on each iptables rule. `[a-z0-9-]{1,24}`. */
  readonly name: string
  readonly rules: readonly Rule[]
}

export interface Rule {
  /**
   * `prerouting` sees packets as they enter an interface (loopback too); `output` those made here, before routing.
   * TPROXY exists only in `prerouting`.
   */
  readonly hook: 'prerouting' | 'output'
  readonly family: 4 | 6
  readonly match: RuleMatch
  readonly action: RuleAction
  /** Why the rule is there, in one sentence; goes into the rendered text as a comment. */
  readonly reason: string
}

export interface RuleMatch {
  readonly inputInterface?: string
  readonly outputInterface?: Negatable<string>
  /** Address or CIDR block. */
  readonly source?: Negatable<string>
  readonly destination?: Negatable<string>
  readonly protocol?: 'tcp' | 'udp'
  readonly destinationPorts?: readonly number[]
  readonly mark?: Negatable<number>
  readonly uid?: Negatable<number>
  /** The packet belongs to an established transparent socket. */
  readonly transparentSocket?: boolean
  /** `new`: nothing has answered it yet. `reply`: the packet goes to whoever opened the connection. */
  readonly connection?: 'new' | 'reply'
  /** The mark that the connection was given; no packet carries it over a link. */
  readonly connectionMark?: Negatable<number>
}

export interface Negatable<value> {
  readonly is?: value
  readonly not?: value
}

export type RuleAction =
  /** Hands the packet to the transparent listener; drops it when nobody listens there. */
  | {
      readonly kind: 'tproxy'
      readonly address: string
      readonly port: number
      readonly mark?: number
    }
  | { readonly kind: 'redirect'; readonly port: number }
  | { readonly kind: 'mark'; readonly mark: number }
  /** Marks the connection in the namespace, and with it all later packets of both directions. */
  | { readonly kind: 'mark-connection'; readonly mark: number }
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
