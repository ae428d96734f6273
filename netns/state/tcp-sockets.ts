import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import {
  isListener,
  listLiveSockets,
  NETLINK_SOCK_DIAG,
  parseConnection,
  type ListedSocket,
} from '#netns/netlink/sock-diag.ts'

export interface TcpSockets {
  readonly listening: readonly ListedSocket[]
  /** Those whose connection has not ended at this end. */
  readonly connected: readonly ListedSocket[]
}

/** TCP sockets of the thread's namespace. */
export function readTcpSockets(label: string): TcpSockets {
  using socket = new NetlinkSocket(label, NETLINK_SOCK_DIAG)
  const found = ([4, 6] as const).flatMap((family) => socket.dump(listLiveSockets(family)))
  return {
    listening: found.filter(isListener).map(parseConnection),
    connected: found.filter((message) => !isListener(message)).map(parseConnection),
  }
}

/** `10.0.0.1 port 80`. */
export function renderListener({ local }: ListedSocket): string {
  return `${local.address} port ${local.port}`
}

/** `10.0.0.1 port 80 to 10.0.0.2 port 40000`. */
export function renderConnection({ local, remote }: ListedSocket): string {
  return `${local.address} port ${local.port} to ${remote.address} port ${remote.port}`
}
