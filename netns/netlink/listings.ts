import { addressFamilies, renderAddress } from '#netns/ip-address.ts'
import { parseAttributes, parseText, type NetlinkMessage, type NetlinkRequest } from './message.ts'
import type { NetlinkSocket } from './netlink-socket.ts'
import {
  FRA_FWMARK,
  FRA_PRIORITY,
  FRA_TABLE,
  IFA_ADDRESS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_TABLE,
  RTM_F_CLONED,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from './route-numbers.ts'

/** `100: eth0 veth` for each link. */
export function listLinks(socket: NetlinkSocket): string[] {
  return socket.dump(listing('links', RTM_NEWLINK)).map(({ body }) => {
    const attributes = parseAttributes(body.subarray(LINK_HEADER))
    const info = parseAttributes(attributes.get(IFLA_LINKINFO) ?? Buffer.alloc(0))
    return [`${body.readInt32LE(4)}:`, text(attributes, IFLA_IFNAME), text(info, IFLA_INFO_KIND)]
      .filter((part) => part !== '')
      .join(' ')
  })
}

/** `100: 10.0.0.1/24` for each address, after the index of its link. */
export function listAddresses(socket: NetlinkSocket): string[] {
  return socket.dump(listing('addresses', RTM_NEWADDR)).map(({ body }) => {
    const attributes = parseAttributes(body.subarray(ADDRESS_HEADER))
    return `${body.readUInt32LE(4)}: ${address(attributes, IFA_ADDRESS)}/${body[1]}`
  })
}

/** `IPv4 unicast default via 10.0.0.1 dev 100 table 254` for each route of every table, cached ones left out. */
export function listRoutes(socket: NetlinkSocket): string[] {
  return socket
    .dump(listing('routes', RTM_NEWROUTE))
    .filter(({ body }) => (body.readUInt32LE(8) & RTM_F_CLONED) === 0)
    .map(({ body }) => {
      const attributes = parseAttributes(body.subarray(ROUTE_HEADER))
      const destination = address(attributes, RTA_DST)
      const type = body[7] ?? 0
      return [
        familyName(body),
        routeTypes[type] ?? `type ${type}`,
        destination === '' ? 'default' : `${destination}/${body[1]}`,
        labelled('via', address(attributes, RTA_GATEWAY)),
        labelled('dev', number(attributes, RTA_OIF)),
        labelled('table', number(attributes, RTA_TABLE)),
      ]
        .filter((part) => part !== '')
        .join(' ')
    })
}

/** `IPv4 100: fwmark 1 lookup 100` for each policy rule. */
export function listPolicyRules(socket: NetlinkSocket): string[] {
  return socket.dump(listing('policy rules', RTM_NEWRULE)).map(({ body }) => {
    const attributes = parseAttributes(body.subarray(RULE_HEADER))
    const mark = labelled('fwmark', number(attributes, FRA_FWMARK))
    return [
      familyName(body),
      `${number(attributes, FRA_PRIORITY) || 0}:`,
      mark,
      labelled('lookup', number(attributes, FRA_TABLE)),
    ]
      .filter((part) => part !== '')
      .join(' ')
  })
}

const LINK_HEADER = 16
const LONGEST_HEADER = 20
const ADDRESS_HEADER = 8
const ROUTE_HEADER = 12
const RULE_HEADER = 12

/** Types of routes by their numbers, linux/rtnetlink.h. */
export const routeTypes: Readonly<Record<number, string>> = {
  1: 'unicast',
  2: 'local',
  3: 'broadcast',
  4: 'anycast',
  5: 'multicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
}

/** The request for a listing has the number after next of the message it lists, and an empty header of any family. */
export function listing(what: string, listed: number): NetlinkRequest {
  return {
    operation: `list ${what}`,
    type: listed + 2,
    flags: 0,
    body: new Uint8Array(LONGEST_HEADER),
  }
}

function familyName(body: NetlinkMessage['body']): string {
  if (body[0] === addressFamilies[4]) return 'IPv4'
  return body[0] === addressFamilies[6] ? 'IPv6' : `family ${body[0]}`
}

function text(attributes: ReadonlyMap<number, Buffer>, type: number): string {
  const value = attributes.get(type)
  return value === undefined ? '' : parseText(value)
}

function number(attributes: ReadonlyMap<number, Buffer>, type: number): string {
  return attributes.get(type)?.readUInt32LE(0).toString() ?? ''
}

function address(attributes: ReadonlyMap<number, Buffer>, type: number): string {
  const bytes = attributes.get(type)
  return bytes === undefined ? '' : renderAddress(bytes)
}

function labelled(label: string, value: string): string {
  return value === '' ? '' : `${label} ${value}`
}
