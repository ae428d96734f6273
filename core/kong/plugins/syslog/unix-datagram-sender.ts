import type Koffi from 'koffi'
import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { getSystemErrorName } from 'node:util'

/** Sends datagrams to a Unix socket, which Node itself cannot. Never waits in a system call. */
export class UnixDatagramSender {
  readonly #path: string
  #descriptor: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Waits while the receiver is too slow; rejects, naming the socket, when a datagram cannot be sent. */
  async send(datagrams: readonly string[], signal: AbortSignal): Promise<void> {
    for (const datagram of datagrams) {
      for (;;) {
        const errno = this.#trySend(Buffer.from(datagram))
        if (errno === 0) break
        const code = getSystemErrorName(-errno)
        if (signal.aborted || !['EAGAIN', 'ENOBUFS', 'EINTR'].includes(code)) {
          throw new Error(`could not send to ${this.#path}: ${code}${hints[code] ?? ''}`)
        }
        // oxlint-disable-next-line no-await-in-loop -- datagrams go out in order
        await pause(1)
      }
    }
  }

  release(): void {
    if (this.#descriptor !== undefined) systemCalls().close(this.#descriptor)
    this.#descriptor = undefined
  }

  /** Returns the errno; 0 = sent. */
  #trySend(bytes: Buffer): number {
    const call = systemCalls()
    if (this.#descriptor === undefined) {
      const made = call.socket()
      if (made < 0) return call.errno()
      this.#descriptor = made
    }
    return call.send(this.#descriptor, bytes, this.#path) < 0 ? call.errno() : 0
  }
}

const hints: Readonly<Record<string, string>> = {
  ENOENT: '; start a syslog daemon that listens there',
  ECONNREFUSED: '; the syslog daemon that listened there is gone, start it again',
  EPROTOTYPE: '; the daemon wants a stream there, configure it for datagrams',
  EMSGSIZE: '; the record is too long',
}

interface SystemCalls {
  socket(): number
  send(fd: number, bytes: Buffer, path: string): number
  close(fd: number): void
  errno(): number
}

let loaded: SystemCalls | undefined

/** Loads koffi on first use. */
function systemCalls(): SystemCalls {
  return (loaded ??= loadSystemCalls())
}

function loadSystemCalls(): SystemCalls {
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi')
  const libc = koffi.load('libc.so.6')
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const sendto = libc.func(
    'int64_t sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)',
  )
  const close = libc.func('int close(int fd)')
  return {
    socket: () => socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
    send: (fd, bytes, path) => {
      const address = unixAddress(path)
      return Number(sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length))
    },
    close: (fd) => {
      close(fd)
    },
    errno: () => koffi.errno(),
  }
}

/** struct sockaddr_un: family, then the path and a zero. */
function unixAddress(path: string): Buffer {
  const address = Buffer.alloc(2 + Buffer.byteLength(path) + 1)
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX
  address.write(path, 2)
  return address
}

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0x800
const SOCK_CLOEXEC = 0x80000
const MSG_NOSIGNAL = 0x4000
