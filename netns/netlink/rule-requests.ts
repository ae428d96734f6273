import { attribute, type NetlinkRequest } from './message.ts'

/** Requests about nft's rules: linux/netfilter/nf_tables.h. */

/** Asks for the rules of a table of both families, and sets their counters to zero. EINVAL before Linux 6.2. */
export function resetRules(table: string): NetlinkRequest {
  return {
    operation: `reset the counters of the table ${table}`,
    type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE_RESET,
    flags: 0,
    body: Buffer.concat([Buffer.of(NFPROTO_INET, 0, 0, 0), attribute(NFTA_RULE_TABLE, table)]),
  }
}

const NFNL_SUBSYS_NFTABLES = 10
const NFT_MSG_GETRULE_RESET = 25
const NFPROTO_INET = 1
const NFTA_RULE_TABLE = 1
