import koffi from 'koffi'
import { errnoName, SOL_SOCKET, SystemCallError } from './native.ts'

/**
 * Sends bytes over a connected Unix socket together with a descriptor, which the receiver gets as one of its own. The
 * sender's own stays open.
 * @throws SystemCallError
 */
export function sendDescriptor(socket: number, bytes: Uint8Array, descriptor: number): void {
  const control = Buffer.alloc(controlSpace)
  control.writeBigUInt64LE(BigInt(controlLength), 0)
  control.writeInt32LE(SOL_SOCKET, 8)
  control.writeInt32LE(SCM_RIGHTS, 12)
  control.writeInt32LE(descriptor, headerLength)
  const sent = libc.sendmsg(socket, message(bytes, control), MSG_NOSIGNAL)
  if (sent === bytes.length) return
  const code = sent < 0 ? errnoName(koffi.errno()) : 'EMSGSIZE'
  throw new SystemCallError('pass a descriptor over a Unix socket', code)
}

export interface ReceivedDescriptor {
  readonly bytes: Uint8Array
  /** Belongs to the caller, who closes it; undefined: none came with the bytes. */
  readonly descriptor: number | undefined
}

/**
 * Waits for bytes on a Unix socket that nobody else reads from, and returns them with the descriptor they bring. No bytes
 * at all: the other side has ended.
 * @throws SystemCallError, with ETIMEDOUT when nothing comes in time.
 */
export async function receiveDescriptor(
  socket: number,
  { withinMs }: { readonly withinMs: number },
): Promise<ReceivedDescriptor> {
  const operation = 'receive a descriptor over a Unix socket'
  const poll = Buffer.alloc(8)
  poll.writeInt32LE(socket, 0)
  poll.writeInt16LE(POLLIN, 4)
  const ready = await waitUntilReadable(poll, withinMs)
  if (ready < 0) throw new SystemCallError(operation, 'EINTR')
  if (ready === 0) throw new SystemCallError(operation, 'ETIMEDOUT')
  const bytes = Buffer.alloc(longestMessage)
  const control = Buffer.alloc(controlSpace)
  const received = libc.recvmsg(socket, message(bytes, control), MSG_CMSG_CLOEXEC)
  if (received < 0) throw new SystemCallError(operation, errnoName(koffi.errno()))
  const brings = control.readInt32LE(12) === SCM_RIGHTS && control.readInt32LE(8) === SOL_SOCKET
  return {
    bytes: bytes.subarray(0, received),
    descriptor: brings ? control.readInt32LE(headerLength) : undefined,
  }
}

/** On a thread of the pool; the buffer lives as long as the call. */
function waitUntilReadable(poll: Buffer, withinMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    libc.poll.async(poll, 1, withinMs, (error: unknown, result: number) => {
      if (error === null || error === undefined) resolve(result)
      else reject(error)
    })
  })
}

function message(bytes: Uint8Array, control: Uint8Array): object {
  return {
    name: null,
    nameLength: 0,
    parts: [{ base: bytes, length: bytes.length }],
    partCount: 1,
    control,
    controlLength: control.length,
    flags: 0,
  }
}

const SCM_RIGHTS = 1
const MSG_NOSIGNAL = 0x4000
const MSG_CMSG_CLOEXEC = 0x40000000
const POLLIN = 1
/** `struct cmsghdr`; of a message with one descriptor, its length and, with padding, its space. */
const headerLength = 16
const controlLength = headerLength + 4
const controlSpace = headerLength + 8
const longestMessage = 65_536

const iovec = koffi.struct({ base: 'void *', length: 'size_t' })
const msghdr = koffi.struct({
  name: 'void *',
  nameLength: 'uint32_t',
  parts: koffi.pointer(iovec),
  partCount: 'size_t',
  control: 'void *',
  controlLength: 'size_t',
  flags: 'int',
})
const library = koffi.load('libc.so.6')
const libc = {
  sendmsg: library.func('sendmsg', 'long', ['int', koffi.pointer(msghdr), 'int']),
  recvmsg: library.func('recvmsg', 'long', ['int', koffi.pointer(msghdr), 'int']),
  poll: library.func('poll', 'int', ['void *', 'unsigned long', 'int']),
} as const
