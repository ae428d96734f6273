/** What `GET /` and `GET /status` tell about the node. */
export interface NodeInfo {
  /** UUID of this run of the node. */
  readonly nodeId: string
  readonly hostname: string
  /** Every effective key; secrets are masked before they are shown. */
  readonly configuration: Readonly<Record<string, unknown>>
  /** Connections and requests of the node's listeners, besides those of the Admin API itself. */
  readonly counts?: () => NodeCounts
}

export interface NodeCounts {
  /** Connections since the start. */
  readonly accepted: number
  /** Connections now. */
  readonly active: number
  readonly requests: number
}
