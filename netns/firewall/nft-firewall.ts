import type { NetworkNamespace } from '#netns/namespace.ts'
import { runNft, SystemCallError } from '#netns/native.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { NETLINK_NETFILTER } from '#netns/netlink/queue-requests.ts'
import { resetRules } from '#netns/netlink/rule-requests.ts'
import type { Firewall } from './firewall.ts'
import { nftTable, renderNft, renderNftRemoval } from './nft.ts'
import { sumCounters, type CommentedCounter } from './rule-counter.ts'

/** Loads rule sets by libnftables, in this process. */
export const nftFirewall: Firewall = {
  name: 'nft',

  apply(namespace, ruleSet) {
    // Ten times faster than replacing where there is nothing to replace, which is the rule.
    const fresh = renderNft(ruleSet, { fresh: true })
    if (namespace.run(() => runNft(fresh)).status === 0) return
    run(namespace, renderNft(ruleSet), `load rule set "${ruleSet.name}"`)
  },

  remove(namespace, name) {
    run(namespace, renderNftRemoval(name), `remove rule set "${name}"`)
  },

  zero(namespace, ruleSet) {
    if (resetCounters(namespace, ruleSet.name)) return
    const operation = `zero the counters of rule set "${ruleSet.name}"`
    run(namespace, renderNft(ruleSet, { refill: true }), operation)
  },

  counters(namespace, name) {
    const command = `list table ${nftTable(name)}`
    const listing = run(namespace, command, `list rule set "${name}"`, { json: true })
    return sumCounters(name, parseCounters(listing))
  },
}

/** Without changing the rules, which takes the kernel a grace period. False where it cannot, or there are none. */
function resetCounters(namespace: NetworkNamespace, name: string): boolean {
  const [, table = ''] = nftTable(name).split(' ')
  using socket = namespace.run(() => new NetlinkSocket(namespace.label, NETLINK_NETFILTER))
  try {
    return socket.dump(resetRules(table)).length > 0
  } catch (error) {
    if (error instanceof SystemCallError) return false
    throw error
  }
}

function run(
  namespace: NetworkNamespace,
  commands: string,
  operation: string,
  options?: { readonly json: boolean },
): string {
  const { status, output, errors } = namespace.run(() => runNft(commands, options))
  if (status !== 0)
    throw new Error(`Cannot ${operation} in ${namespace.label}: ${firstLine(errors)}`)
  return output
}

/** The lines after it repeat the command and point at a column. */
function firstLine(errors: string): string {
  return errors.trim().split('\n', 1)[0] ?? ''
}

/** The part of libnftables-json(5) that is read here. */
interface NftListing {
  readonly nftables: readonly {
    readonly rule?: {
      readonly comment?: string
      readonly expr: readonly { readonly counter?: { packets: number; bytes: number } }[]
    }
  }[]
}

function parseCounters(listing: string): CommentedCounter[] {
  const { nftables }: NftListing = JSON.parse(listing)
  return nftables.flatMap(({ rule }) =>
    (rule?.expr ?? []).flatMap(({ counter }) =>
      rule?.comment === undefined || counter === undefined
        ? []
        : [{ comment: rule.comment, ...counter }],
    ),
  )
}
