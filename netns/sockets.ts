import { once } from 'node:events'
import net from 'node:net'
import { addressFamilies, parseCidr, type Family } from './ip-address.ts'
import type { NetworkNamespace } from './namespace.ts'
import { bindSocket, closeDescriptor, openSocket, setSocketOption, SOL_SOCKET } from './native.ts'

export interface Endpoint {
  readonly address: string
  /** 0: the kernel chooses. */
  readonly port: number
}

export interface TcpSocketOptions {
  /** Default: the family of `bind`, or IPv4. */
  readonly family?: Family
  readonly bind?: Endpoint
  /** Sets IP_TRANSPARENT: accepts connections that TPROXY hands over, and binds to addresses of others. */
  readonly transparent?: boolean
  /** Sets SO_MARK on every packet it sends. */
  readonly mark?: number
}

/**
 * Opens a TCP socket that belongs to a namespace for good and returns its descriptor, for
 * `new net.Socket({ fd, readable: true, writable: true })` or `server.listen({ fd })`. The caller closes it.
 * @throws SystemCallError
 */
export function openTcpSocket(namespace: NetworkNamespace, options: TcpSocketOptions = {}): number {
  const { bind, transparent = false, mark } = options
  const local = bind === undefined ? undefined : parseCidr(bind.address)
  const family = options.family ?? local?.family ?? 4
  const where = `in ${namespace.label}`
  const fd = namespace.run(() =>
    openSocket(
      addressFamilies[family],
      SOCK_STREAM | SOCK_NONBLOCK,
      0,
      `open a TCP socket ${where}`,
    ),
  )
  try {
    setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, `set SO_REUSEADDR ${where}`)
    if (transparent) {
      const [level, option] = transparentOption[family]
      setSocketOption(fd, level, option, 1, `make a socket transparent ${where}`)
    }
    if (mark !== undefined) {
      setSocketOption(fd, SOL_SOCKET, SO_MARK, mark, `mark a socket with ${mark} ${where}`)
    }
    if (bind !== undefined && local !== undefined) {
      const address = encodeSocketAddress(local.bytes, bind.port)
      bindSocket(fd, address, `bind to ${bind.address} port ${bind.port} ${where}`)
    }
    return fd
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
}

/** Starts a connection from inside a namespace; `connect` or `error` follows. */
export function connectTcp(
  namespace: NetworkNamespace,
  { address, port }: Endpoint,
  options: TcpSocketOptions = {},
): net.Socket {
  const { family } = parseCidr(address)
  const fd = openTcpSocket(namespace, { family, ...options })
  const socket = new net.Socket({ fd, readable: true, writable: true })
  return socket.connect({ host: address, port })
}

/** Listens inside a namespace. */
export async function listenTcp(
  namespace: NetworkNamespace,
  bind: Endpoint,
  onConnection: (socket: net.Socket) => void,
  options: Omit<TcpSocketOptions, 'bind' | 'family'> = {},
): Promise<net.Server> {
  const server = net.createServer(onConnection)
  server.listen({ fd: openTcpSocket(namespace, { ...options, bind }) })
  await once(server, 'listening')
  return server
}

const SOCK_STREAM = 1
const SOCK_NONBLOCK = 0o4000
const SO_REUSEADDR = 2
const SO_MARK = 36

/** Level and option: SOL_IP, IP_TRANSPARENT and SOL_IPV6, IPV6_TRANSPARENT. */
const transparentOption = { 4: [0, 19], 6: [41, 75] } as const

/** `struct sockaddr_in` and `struct sockaddr_in6` without flow label and scope. */
function encodeSocketAddress(bytes: Uint8Array, port: number): Uint8Array {
  const isIPv4 = bytes.length === 4
  const address = Buffer.alloc(isIPv4 ? 16 : 28)
  address.writeUInt16LE(addressFamilies[isIPv4 ? 4 : 6], 0)
  address.writeUInt16BE(port, 2)
  address.set(bytes, isIPv4 ? 4 : 8)
  return address
}
