import { parseAttributes, type NetlinkMessage } from './message.ts'
import { IFF_UP } from './route-numbers.ts'

/** An interface as it is at the moment. */
export interface LinkStatus {
  /** `no-carrier`: the other end is down. */
  readonly state: 'up' | 'down' | 'no-carrier'
  readonly received: Traffic
  readonly sent: Traffic
}

export interface Traffic {
  readonly packets: number
  readonly bytes: number
}

/** Reads the answer to `getLink`; linux/if_link.h, `struct rtnl_link_stats64`. */
export function parseLinkStatus({ body }: NetlinkMessage): LinkStatus {
  const flags = body.readUInt32LE(8)
  const stats = parseAttributes(body.subarray(LINK_HEADER)).get(IFLA_STATS64)
  const count = (index: number): number => Number(stats?.readBigUInt64LE(index * 8) ?? 0n)
  return {
    state: (flags & IFF_UP) === 0 ? 'down' : (flags & IFF_LOWER_UP) === 0 ? 'no-carrier' : 'up',
    received: { packets: count(0), bytes: count(2) },
    sent: { packets: count(1), bytes: count(3) },
  }
}

const LINK_HEADER = 16
const IFLA_STATS64 = 23
const IFF_LOWER_UP = 0x10000
