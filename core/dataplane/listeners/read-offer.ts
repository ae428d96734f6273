/** What a client's list of protocols comes to. */
export interface Offer {
  /** The first one that is spoken here. */
  readonly chosen: string | undefined
  /** What the client would rather speak. */
  readonly before: readonly string[]
}

/** Goes through the protocols that a client offers in the order of its preference, as Kong 1.1 does. */
export function readOffer(offered: readonly string[], spoken: readonly string[]): Offer {
  const place = offered.findIndex((protocol) => spoken.includes(protocol))
  return place === -1
    ? { chosen: undefined, before: offered }
    : { chosen: offered[place], before: offered.slice(0, place) }
}
