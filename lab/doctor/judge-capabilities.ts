import type { Capability, CapabilityName } from '#netns/capabilities.ts'
import type { Check } from './check.ts'

/** Turns what was probed into checks: what labs need, and what takes the place of what is missing. */
export function judgeCapabilities(capabilities: readonly Capability[]): readonly Check[] {
  const works = (name: CapabilityName): boolean =>
    capabilities.some((each) => each.name === name && each.works)
  return capabilities.map(({ name, works: itself, why }): Check => {
    const check = { category: 'namespaces', name } as const
    if (itself) return { ...check, verdict: 'works' }
    const standIn = standIns[name]
    const because = why === undefined ? '' : ` (${oneLine(why)})`
    if (standIn === undefined) {
      return {
        ...check,
        verdict: 'fails',
        why: `This kernel does not do it${because}.`,
        remedy: kernelRemedy,
      }
    }
    if (standIn.by.every(works)) {
      return {
        ...check,
        verdict: 'limited',
        why: `It does not work${because}; ${standIn.instead}.`,
      }
    }
    const verdict = standIn.needed ? 'fails' : 'limited'
    return {
      ...check,
      verdict,
      why: `It does not work${because}; ${standIn.otherwise}.`,
      remedy: standIn.remedy,
    }
  })
}

interface StandIn {
  readonly by: readonly CapabilityName[]
  /** What is done in its place when all of `by` work. */
  readonly instead: string
  readonly otherwise: string
  readonly remedy: string
  /** Whether no lab works without it and without what could take its place. */
  readonly needed: boolean
}

const kernelRemedy =
  'Use a kernel with CONFIG_VETH, CONFIG_BRIDGE, CONFIG_IPV6, CONFIG_IP_MULTIPLE_TABLES and CONFIG_NETFILTER_XT_TARGET_TPROXY.'

const nft: StandIn = {
  by: ['iptables TPROXY IPv4', 'iptables TPROXY IPv6'],
  instead: 'rules are made by iptables',
  otherwise: 'neither does iptables, so nothing can be intercepted',
  remedy: 'Install the package nftables, and use a kernel with CONFIG_NFT_TPROXY.',
  needed: true,
}
const iptables: StandIn = {
  by: ['nft in process', 'nft TPROXY IPv4', 'nft TPROXY IPv6'],
  instead: 'rules are made by nft; the tutorial, which is written for iptables, does not work',
  otherwise: 'neither does nft, so nothing can be intercepted',
  remedy: 'Install the package iptables, and use a kernel with CONFIG_NETFILTER_XT_TARGET_TPROXY.',
  needed: true,
}

const standIns: Partial<Record<CapabilityName, StandIn>> = {
  'nft in process': nft,
  'nft TPROXY IPv4': nft,
  'nft TPROXY IPv6': nft,
  'iptables TPROXY IPv4': iptables,
  'iptables TPROXY IPv6': iptables,
  netem: {
    by: ['NFQUEUE'],
    instead:
      'delay, loss and rate of links are made by a worker of our own (NFQUEUE), a little less exactly',
    otherwise: 'neither does NFQUEUE, so links cannot be slowed down',
    remedy: 'Use a kernel with CONFIG_NET_SCH_NETEM, or one with CONFIG_NETFILTER_NETLINK_QUEUE.',
    needed: false,
  },
  NFQUEUE: {
    by: ['netem'],
    instead: 'links are slowed down by netem alone',
    otherwise: 'neither does netem, so links cannot be slowed down',
    remedy: 'Use a kernel with CONFIG_NETFILTER_NETLINK_QUEUE, or one with CONFIG_NET_SCH_NETEM.',
    needed: false,
  },
}

/** Tools say more than a line holds. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '')
}
