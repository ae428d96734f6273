import type { Capability, CapabilityName } from '#netns/capabilities.ts'
import { hasLibnftables } from '#netns/native.ts'
import type { Firewall } from './firewall.ts'
import { iptablesFirewall } from './iptables-firewall.ts'
import { nftFirewall } from './nft-firewall.ts'

/** Without probing: nft in this process, iptables where libnftables is missing. */
export function availableFirewall(): Firewall {
  return hasLibnftables() ? nftFirewall : iptablesFirewall
}

/**
 * Chooses the firewall that intercepts both families on this machine; nft first, since it starts no process.
 * @throws Error that says of each firewall why it does not.
 */
export function chooseFirewall(capabilities: readonly Capability[]): Firewall {
  const missing = (names: readonly CapabilityName[]): string[] =>
    capabilities
      .filter(({ name, works }) => names.includes(name) && !works)
      .map(({ name, why }) => `${name}: ${why ?? 'does not work'}`)
  const nft = missing(['nft in process', 'nft TPROXY IPv4', 'nft TPROXY IPv6'])
  if (nft.length === 0) return nftFirewall
  const iptables = missing(['iptables TPROXY IPv4', 'iptables TPROXY IPv6'])
  if (iptables.length === 0) return iptablesFirewall
  throw new Error(
    `Neither nft nor iptables can intercept connections on this machine: ${[...nft, ...iptables].join('; ')}`,
  )
}
