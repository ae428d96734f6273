import koffi from 'koffi'
import { errnoName, SOL_SOCKET, SystemCallError } from '#netns/native.ts'

const sockFprog = koffi.struct({ length: 'uint16_t', program: 'void *' })
const libc = koffi.load('libc.so.6')

const native = {
  attach: libc.func('setsockopt', 'int', [
    'int',
    'int',
    'int',
    koffi.pointer(sockFprog),
    'uint32_t',
  ]),
  getsockopt: libc.func('int getsockopt(int, int, int, _Out_ void *, _Inout_ void *)'),
  if_nametoindex: libc.func('unsigned int if_nametoindex(const char *)'),
  mmap: libc.func('void *mmap(void *, size_t, int, int, int, long)'),
  munmap: libc.func('int munmap(void *, size_t)'),
  setsockopt: libc.func('int setsockopt(int, int, int, const void *, uint32_t)'),
} as const

/** The number of an interface in the network namespace of the calling thread; 0: there is none of this name. */
export function interfaceIndex(name: string): number {
  return native.if_nametoindex(name)
}

export function setOptionBytes(
  fd: number,
  [level, option]: readonly [level: number, option: number],
  value: Uint8Array,
  operation: string,
): void {
  if (native.setsockopt(fd, level, option, value, value.length) === 0) return
  throw new SystemCallError(operation, errnoName(koffi.errno()))
}

/** @returns What of `value` the kernel has filled in. */
export function getOptionBytes(
  fd: number,
  [level, option]: readonly [level: number, option: number],
  length: number,
  operation: string,
): Buffer {
  const value = Buffer.alloc(length)
  const filled = Uint32Array.of(length)
  if (native.getsockopt(fd, level, option, value, filled) === 0) return value.subarray(0, filled[0])
  throw new SystemCallError(operation, errnoName(koffi.errno()))
}

/** Memory that is shared with the kernel. Nothing may look at `bytes` after it was disposed of. */
export interface SharedMemory extends Disposable {
  readonly bytes: ArrayBuffer
}

export function mapMemory(fd: number, length: number, operation: string): SharedMemory {
  const address: unknown = native.mmap(null, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
  if (koffi.address(address) === MAP_FAILED) {
    throw new SystemCallError(operation, errnoName(koffi.errno()))
  }
  return {
    bytes: koffi.view(address, length),
    [Symbol.dispose]: () => void native.munmap(address, length),
  }
}

/** Lets a socket receive only what a classic BPF program accepts, given as the bytes of its instructions. */
export function attachFilter(fd: number, program: Uint8Array, operation: string): void {
  const value = { length: program.length / FILTER_BYTES, program }
  const length = koffi.sizeof(sockFprog)
  if (native.attach(fd, SOL_SOCKET, SO_ATTACH_FILTER, value, length) === 0) return
  throw new SystemCallError(operation, errnoName(koffi.errno()))
}

const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1
const MAP_FAILED = 2n ** 64n - 1n
const SO_ATTACH_FILTER = 26
/** `struct sock_filter`. */
const FILTER_BYTES = 8
