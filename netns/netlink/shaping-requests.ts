import { attribute, NLM_F_CREATE, NLM_F_EXCL, type NetlinkRequest } from './message.ts'
import type { Interface } from './route-requests.ts'

/** Requests about delay and loss: linux/pkt_sched.h and linux/netfilter/nfnetlink_queue.h. */

/** Protocol of a netlink socket that takes `bindQueue`. */
export const NETLINK_NETFILTER = 12

/** Makes netem the root queueing discipline of a link, without delay or loss. */
export function addNetem(link: Interface): NetlinkRequest {
  const header = Buffer.alloc(20)
  header.writeInt32LE(link.index, 4)
  header.writeUInt32LE(TC_H_ROOT, 12)
  const options = Buffer.alloc(24)
  options.writeUInt32LE(1000, 4)
  return {
    operation: `add netem to ${link.name}`,
    type: RTM_NEWQDISC,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([header, attribute(TCA_KIND, 'netem'), attribute(TCA_OPTIONS, options)]),
  }
}

/** Makes the socket the reader of a packet queue. */
export function bindQueue(queue: number): NetlinkRequest {
  const header = Buffer.alloc(4)
  header.writeUInt16BE(queue, 2)
  return {
    operation: `bind packet queue ${queue}`,
    type: (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_CONFIG,
    flags: 0,
    body: Buffer.concat([
      header,
      attribute(NFQA_CFG_CMD, Uint8Array.of(NFQNL_CFG_CMD_BIND, 0, 0, 0)),
    ]),
  }
}

const RTM_NEWQDISC = 36
const TC_H_ROOT = 0xffffffff
const TCA_KIND = 1
const TCA_OPTIONS = 2
const NFNL_SUBSYS_QUEUE = 3
const NFQNL_MSG_CONFIG = 2
const NFQA_CFG_CMD = 1
const NFQNL_CFG_CMD_BIND = 1
