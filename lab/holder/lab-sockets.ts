import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { openPacketSocket } from '#netns/packets/packet-socket.ts'
import { openTcpSocket } from '#netns/sockets.ts'
import type { LabRequest } from './messages.ts'
import type { RunningLab } from './running-lab.ts'

/** Where the sockets of a lab are opened. */
export type SocketPlace = Pick<RunningLab, 'runtime' | 'namespaceOf'>

/**
 * Opens a TCP socket in the network of a node; the caller closes it.
 * @throws LabError when it cannot be bound there.
 */
export function openSocket(
  lab: SocketPlace,
  { node, family, source }: Extract<LabRequest, { command: 'socket' }>,
): number {
  const namespace = networkOf(lab, node)
  try {
    return openTcpSocket(namespace, { family, ...(source && { bind: source }) })
  } catch (error) {
    throw new LabError(`Cannot open a socket in ${node}: ${messageOf(error)}`)
  }
}

/**
 * Opens a socket that sees the packets of an interface in the network of a node; the caller closes it.
 * @throws LabError when there is no such interface.
 */
export function openPackets(
  lab: SocketPlace,
  { node, interface: name }: Extract<LabRequest, { command: 'packets' }>,
): number {
  const namespace = networkOf(lab, node)
  try {
    return openPacketSocket(namespace, name)
  } catch (error) {
    throw new LabError(`Cannot capture in ${node}: ${messageOf(error)}`)
  }
}

function networkOf(lab: SocketPlace, node: string): NetworkNamespace {
  return lab.runtime.network.namespace(lab.namespaceOf(node))
}
