import { addressSet, type AddressSet } from '#core/base/cidr.ts'

const sets = new WeakMap<readonly string[], AddressSet>()

/** Whether a list of addresses and CIDR blocks holds an address; each list is read once. */
export function isTrusted(trustedPeers: readonly string[], address: string): boolean {
  if (trustedPeers.length === 0) return false
  let set = sets.get(trustedPeers)
  if (set === undefined) sets.set(trustedPeers, (set = addressSet(trustedPeers)))
  return set.has(address)
}

/** Whether the forwarding headers of a peer are believed; its address list is read once per settings. */
export function isTrustedPeer(
  settings: { readonly trustedPeers: readonly string[] },
  address: string,
): boolean {
  return isTrusted(settings.trustedPeers, address)
}
