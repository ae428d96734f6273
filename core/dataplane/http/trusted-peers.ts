import { addressSet, type AddressSet } from '#core/base/cidr.ts'
import type { HttpSettings } from '#core/model/listener.ts'

const sets = new WeakMap<HttpSettings, AddressSet>()

/** Whether the forwarding headers of a peer are believed; its address list is read once per settings. */
export function isTrustedPeer(settings: HttpSettings, address: string): boolean {
  if (settings.trustedPeers.length === 0) return false
  let set = sets.get(settings)
  if (set === undefined) sets.set(settings, (set = addressSet(settings.trustedPeers)))
  return set.has(address)
}
