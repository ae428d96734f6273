import { addressFamilies, renderAddress, type Family } from '#netns/ip-address.ts'
import type { NetlinkMessage, NetlinkRequest } from './message.ts'

/** Requests about sockets: linux/sock_diag.h and linux/inet_diag.h. Ports and addresses of theirs are in network order. */

/** Protocol of a netlink socket that takes these requests. */
export const NETLINK_SOCK_DIAG = 4

/** A TCP socket as the kernel lists it. */
export interface ListedSocket {
  readonly family: Family
  readonly local: { readonly address: string; readonly port: number }
  readonly remote: { readonly address: string; readonly port: number }
  /** 0: no process has it, since it is not accepted yet or about to end. */
  readonly inode: number
  /** Whether neither end has closed it, as far as this one knows. */
  readonly established: boolean
  /** What the kernel knows it by. */
  readonly id: Buffer
}

/** Asks for every TCP connection of a namespace; listeners are none. */
export function listConnections(family: Family): NetlinkRequest {
  return {
    operation: `list IPv${family} connections`,
    type: SOCK_DIAG_BY_FAMILY,
    flags: 0,
    body: request(family, Buffer.alloc(ID_BYTES)),
  }
}

/** Asks for every TCP socket of a namespace, but for those that only wait for late packets. */
export function listLiveSockets(family: Family): NetlinkRequest {
  return {
    operation: `list IPv${family} sockets`,
    type: SOCK_DIAG_BY_FAMILY,
    flags: 0,
    body: request(family, Buffer.alloc(ID_BYTES), ALL_STATES & ~(1 << TCP_TIME_WAIT)),
  }
}

/** Asks for every TCP socket of a namespace that waits for connections. */
export function listListeners(family: Family): NetlinkRequest {
  return {
    operation: `list IPv${family} listeners`,
    type: SOCK_DIAG_BY_FAMILY,
    flags: 0,
    body: request(family, Buffer.alloc(ID_BYTES), 1 << TCP_LISTEN),
  }
}

/** Whether it waits for connections. */
export function isListener({ body }: NetlinkMessage): boolean {
  return body[1] === TCP_LISTEN
}

export function parseConnection({ body }: NetlinkMessage): ListedSocket {
  const family = body[0] === addressFamilies[4] ? 4 : 6
  const id = body.subarray(4, 4 + ID_BYTES)
  const bytes = family === 4 ? 4 : 16
  return {
    family,
    local: { address: renderAddress(id.subarray(4, 4 + bytes)), port: id.readUInt16BE(0) },
    remote: { address: renderAddress(id.subarray(20, 20 + bytes)), port: id.readUInt16BE(2) },
    inode: body.readUInt32LE(68),
    established: body[1] === TCP_ESTABLISHED,
    id: Buffer.from(id),
  }
}

/** Ends a connection at once: its peer gets a reset, and its process an error. EOPNOTSUPP where the kernel cannot. */
export function destroyConnection({ family, local, remote, id }: ListedSocket): NetlinkRequest {
  return {
    operation: `reset the connection of ${local.address} port ${local.port} with ${remote.address} port ${remote.port}`,
    type: SOCK_DESTROY,
    flags: 0,
    body: request(family, id),
  }
}

function request(
  family: Family,
  id: Buffer,
  states: number = ALL_STATES & ~(1 << TCP_LISTEN),
): Buffer {
  const header = Buffer.alloc(8)
  header[0] = addressFamilies[family]
  header[1] = IPPROTO_TCP
  header.writeUInt32LE(states, 4)
  return Buffer.concat([header, id])
}

const SOCK_DIAG_BY_FAMILY = 20
const SOCK_DESTROY = 21
const ID_BYTES = 48
const IPPROTO_TCP = 6
const TCP_ESTABLISHED = 1
const TCP_TIME_WAIT = 6
const TCP_LISTEN = 10
const ALL_STATES = 0xfff
