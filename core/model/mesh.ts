import type { Identity } from './identity.ts'

/** How a connection came: from anybody, or from a node that proved to belong to the same mesh. */
export type Arrival = 'client' | 'mesh-peer'

/** What a node needs to recognise others of its mesh, and to be recognised. */
export interface MeshMembership {
  /** Names this node to others of the mesh, so that they see a request that goes round in circles. Default: a random name. */
  readonly nodeId?: string
  /**
   * Usually one. While the authority is replaced there are more: the first is the one this node prefers, all are offered
   * to peers and accepted from them.
   */
  readonly authorities: readonly [MeshAuthority, ...MeshAuthority[]]
}

/** A mesh that a node is about to join: it has no certificates yet. */
export interface MeshProspect {
  /** What the protocol ids of its members begin with. */
  readonly protocolPrefix: string
  /** How long its members, and what may lead to them, wait for the node to be one of them, in ms. */
  readonly timeoutMs: number
}

export interface MeshAuthority {
  /** ALPN protocol id by which members recognise each other. */
  readonly protocol: string
  /** PEM of who signs the certificates of members; nobody else's are accepted. */
  readonly certificate: string
  /** This node's own certificate, signed by that authority, for both ends of a connection. */
  readonly identity: Identity
}

/** Something dialled under one address is dialled at another one instead. */
export interface AddressRewrite {
  /** Compared exactly with where a request or stream would go. */
  readonly from: RewrittenEnd
  readonly to: RewrittenEnd
}

export interface RewrittenEnd {
  /** `http`, `https`, `tcp`, `tls`, or what somebody wrote by mistake: that can be dialled by nobody. */
  readonly scheme: string
  /** Host name or literal address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}
