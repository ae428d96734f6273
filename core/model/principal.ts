/** Whom a client proved to be, or whom it counts as. */
export interface Principal {
  /** Filters and counters go by it. */
  readonly id: string
  /** What proved it; undefined = it was not proved (a stand-in for anybody). */
  readonly credentialId: string | undefined
}
