import koffi from 'koffi'
import { errnoName, SystemCallError } from '#netns/native.ts'

/** System calls of the thread that gives verdicts; none of them waits but `waitFor`. */

const libc = koffi.load('libc.so.6')

const native = {
  eventfd: libc.func('int eventfd(unsigned int, int)'),
  ppoll: libc.func('int ppoll(_Inout_ void *, unsigned long, const void *, const void *)'),
  read: libc.func('long read(int, _Out_ void *, size_t)'),
  recv: libc.func('long recv(int, _Out_ void *, size_t, int)'),
  send: libc.func('long send(int, const void *, size_t, int)'),
  write: libc.func('long write(int, const void *, size_t)'),
} as const

/** Opens a descriptor by which one thread wakes another. */
export function openBell(): number {
  const fd: number = native.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)
  if (fd < 0) throw new SystemCallError('open an event descriptor', errnoName(koffi.errno()))
  return fd
}

export function ring(bell: number): void {
  native.write(bell, BigUint64Array.of(1n), 8)
}

export function silence(bell: number): void {
  native.read(bell, new BigUint64Array(1), 8)
}

/** Waits until one of the descriptors can be read, or the time is over. Tells which, in their order. */
export function waitFor(descriptors: readonly number[], withinMs: number): readonly boolean[] {
  const request = Buffer.alloc(descriptors.length * POLLFD_BYTES)
  for (const [index, fd] of descriptors.entries()) {
    request.writeInt32LE(fd, index * POLLFD_BYTES)
    request.writeInt16LE(POLLIN, index * POLLFD_BYTES + 4)
  }
  const seconds = Math.floor(withinMs / 1_000)
  const nanoseconds = Math.round((withinMs - seconds * 1_000) * 1e6)
  native.ppoll(
    request,
    descriptors.length,
    BigInt64Array.of(BigInt(seconds), BigInt(Math.min(nanoseconds, 999_999_999))),
    null,
  )
  return descriptors.map((_, index) => request.readInt16LE(index * POLLFD_BYTES + 6) !== 0)
}

/** What is there, or 0 when nothing is. What the kernel could not deliver for lack of room is gone. */
export function receiveIfThere(fd: number, into: Uint8Array): number {
  return Math.max(0, native.recv(fd, into, into.length, MSG_DONTWAIT))
}

export function sendNow(fd: number, bytes: Uint8Array): void {
  native.send(fd, bytes, bytes.length, 0)
}

const EFD_CLOEXEC = 0o2000000
const EFD_NONBLOCK = 0o4000
const POLLFD_BYTES = 8
const POLLIN = 1
const MSG_DONTWAIT = 0x40
