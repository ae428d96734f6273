import type Koffi from 'koffi'
import { createRequire } from 'node:module'

/** A Unix socket for datagrams, for tests; Node has none. */
export interface UnixDatagramReceiver extends Disposable {
  /** The next datagram that has come, if any. */
  receive(): string | undefined
}

export function openUnixDatagramReceiver(path: string): UnixDatagramReceiver {
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi')
  const libc = koffi.load('libc.so.6')
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const bind = libc.func('int bind(int fd, const void *address, uint32_t length)')
  const recv = libc.func('int64_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)')
  const close = libc.func('int close(int fd)')
  const address = Buffer.alloc(2 + Buffer.byteLength(path) + 1)
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX
  address.write(path, 2)
  const fd: number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0 || bind(fd, address, address.length) < 0) {
    throw new Error(`Cannot listen at ${path}: errno ${koffi.errno()}`)
  }
  const bytes = Buffer.alloc(256 * 1024)
  return {
    receive: () => {
      const length = Number(recv(fd, bytes, bytes.length, MSG_DONTWAIT))
      return length < 0 ? undefined : bytes.toString('utf8', 0, length)
    },
    [Symbol.dispose]: () => {
      close(fd)
    },
  }
}

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0x80000
const MSG_DONTWAIT = 0x40
