import type Koffi from 'koffi'
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'

/** A system call that failed; `code` is its errno's name, such as `EADDRINUSE`. */
export class SocketError extends Error {
  readonly code: string
  readonly syscall: string
  /** Negative, as in Node's own system errors. */
  readonly errno: number

  constructor(syscall: string, errno: number) {
    const code = getSystemErrorName(-errno)
    super(`${syscall}: ${code}`)
    this.name = 'SocketError'
    this.code = code
    this.syscall = syscall
    this.errno = -errno
  }
}

/**
 * Makes a bound TCP socket with IP_TRANSPARENT for `server.listen({ fd })`; an IPv6 one takes no IPv4 connections. The
 * caller owns the descriptor.
 * @param address a literal address, IPv6 without brackets.
 * @throws SocketError
 */
export function openTransparentListener(address: string, port: number): number {
  return openBound(address, port, (call, fd) => call.set(fd, SOL_SOCKET, SO_REUSEADDR))
}

export interface UpstreamSocketOptions {
  /**
   * An address that need not be this machine's. The kernel chooses the port only when it knows the peer, so that one
   * address is good for more than 64 K connections.
   */
  readonly bind?: string | undefined
  /** On every packet that the socket sends (SO_MARK). */
  readonly mark?: number | undefined
}

/**
 * Makes a TCP socket for a peer, for `new net.Socket({ fd })` and `connect`.
 * @param peer a literal address; only its family counts.
 * @throws SocketError
 */
export function openUpstreamSocket(
  peer: string,
  { bind, mark }: UpstreamSocketOptions = {},
): number {
  const prepare: Prepare = (call, fd) => {
    if (mark !== undefined) call.set(fd, SOL_SOCKET, SO_MARK, mark)
  }
  if (bind === undefined) return open(peer, prepare)
  return openBound(bind, 0, (call, fd) => {
    prepare(call, fd)
    call.set(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT)
  })
}

type Prepare = (call: SystemCalls, fd: number) => void

function openBound(address: string, port: number, prepare: Prepare): number {
  const v6 = isSix(address)
  return open(address, (call, fd) => {
    if (v6) {
      call.set(fd, SOL_IPV6, IPV6_V6ONLY)
      call.set(fd, SOL_IPV6, IPV6_TRANSPARENT)
    } else {
      call.set(fd, SOL_IP, IP_TRANSPARENT)
    }
    prepare(call, fd)
    call.bind(fd, v6 ? AF_INET6 : AF_INET, address, port)
  })
}

/** Opens a socket of an address's family; when it cannot be prepared, it is closed again. */
function open(address: string, prepare: Prepare): number {
  const call = systemCalls()
  const fd = call.socket(isSix(address) ? AF_INET6 : AF_INET)
  try {
    prepare(call, fd)
    return fd
  } catch (error) {
    call.close(fd)
    throw error
  }
}

/** Whether an address is IPv6; a name is not. Node's own test takes 4 ms when it is first asked. */
export function isSix(address: string): boolean {
  return address.includes(':')
}

interface SystemCalls {
  socket(family: number): number
  /** @param value default: 1, for on. */
  set(fd: number, level: number, option: number, value?: number): void
  bind(fd: number, family: number, address: string, port: number): void
  close(fd: number): void
}

let loaded: SystemCalls | undefined

/** Loads koffi on first use: most nodes never need it, and it costs them 8 ms. */
function systemCalls(): SystemCalls {
  return (loaded ??= loadSystemCalls())
}

function loadSystemCalls(): SystemCalls {
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi')
  const libc = koffi.load('libc.so.6')
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const setsockopt = libc.func(
    'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
  )
  const bind = libc.func('int bind(int fd, const void *address, uint32_t length)')
  const close = libc.func('int close(int fd)')
  const pton = libc.func('int inet_pton(int family, const char *text, _Out_ uint8_t *to)')
  const checked = (call: string, result: number): number => {
    if (result < 0) throw new SocketError(call, koffi.errno())
    return result
  }
  return {
    socket: (family) => checked('socket', socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)),
    set: (fd, level, option, value = 1) => {
      const name = optionNames.get(option) ?? String(option)
      checked(`setsockopt(${name})`, setsockopt(fd, level, option, Uint32Array.of(value), 4))
    },
    bind: (fd, family, address, port) => {
      // struct sockaddr_in: family, port, address; sockaddr_in6 has the flow label between port and address.
      const end = Buffer.alloc(family === AF_INET6 ? 28 : 16)
      new Uint16Array(end.buffer, end.byteOffset, 1)[0] = family
      end.writeUInt16BE(port, 2)
      const at = family === AF_INET6 ? 8 : 4
      pton(family, address, end.subarray(at))
      checked('bind', bind(fd, end, end.length))
    },
    close: (fd) => {
      close(fd)
    },
  }
}

const AF_INET = 2
const AF_INET6 = 10
const SOCK_STREAM = 1
const SOCK_CLOEXEC = 0x80000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_MARK = 36
const SOL_IP = 0
const IP_TRANSPARENT = 19
const IP_BIND_ADDRESS_NO_PORT = 24
const SOL_IPV6 = 41
const IPV6_V6ONLY = 26
const IPV6_TRANSPARENT = 75

const optionNames: ReadonlyMap<number, string> = new Map([
  [SO_REUSEADDR, 'SO_REUSEADDR'],
  [SO_MARK, 'SO_MARK'],
  [IP_TRANSPARENT, 'IP_TRANSPARENT'],
  [IP_BIND_ADDRESS_NO_PORT, 'IP_BIND_ADDRESS_NO_PORT'],
  [IPV6_V6ONLY, 'IPV6_V6ONLY'],
  [IPV6_TRANSPARENT, 'IPV6_TRANSPARENT'],
])
