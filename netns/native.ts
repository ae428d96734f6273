import koffi from 'koffi'

/** A system call that failed; the message says what was being done, `code` is the errno name, such as `EEXIST`. */
export class SystemCallError extends Error {
  readonly code: string

  constructor(operation: string, code: string, detail?: string) {
    super(`Cannot ${operation}: ${code}${detail === undefined ? '' : ` (${detail})`}`)
    this.name = 'SystemCallError'
    this.code = code
  }
}

const libc = koffi.load('libc.so.6')

const native = {
  abort: libc.func('void abort()'),
  bind: libc.func('int bind(int, const void *, uint32_t)'),
  close: libc.func('int close(int)'),
  fcntl: libc.func('int fcntl(int, int, int)'),
  mount: libc.func(
    'int mount(const char *, const char *, const char *, unsigned long, const void *)',
  ),
  recv: libc.func('long recv(int, _Out_ void *, size_t, int)'),
  send: libc.func('long send(int, const void *, size_t, int)'),
  setns: libc.func('int setns(int, int)'),
  setsockopt: libc.func('int setsockopt(int, int, int, const void *, uint32_t)'),
  socket: libc.func('int socket(int, int, int)'),
  umount2: libc.func('int umount2(const char *, int)'),
  unshare: libc.func('int unshare(int)'),
} as const

const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, code]) => [code, name]))

/** The name of an errno, such as `EEXIST` for 17. */
export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `errno ${errno}`
}

/** Moves the calling thread into the network namespace that `fd` refers to. */
export function setNetworkNamespace(fd: number, operation: string): void {
  check(native.setns(fd, CLONE_NEWNET), operation)
}

/** Moves the calling thread into a new network namespace. */
export function unshareNetworkNamespace(operation: string): void {
  check(native.unshare(CLONE_NEWNET), operation)
}

/** Opens a socket that is closed on exec. */
export function openSocket(
  domain: number,
  type: number,
  protocol: number,
  operation: string,
): number {
  return check(native.socket(domain, type | SOCK_CLOEXEC, protocol), operation)
}

export function bindSocket(fd: number, address: Uint8Array, operation: string): void {
  check(native.bind(fd, address, address.length), operation)
}

/** The level of options that sockets of every kind have. */
export const SOL_SOCKET = 1

/** Sets a socket option whose value is a C int. */
export function setSocketOption(
  fd: number,
  level: number,
  option: number,
  value: number,
  operation: string,
): void {
  check(native.setsockopt(fd, level, option, Int32Array.of(value), 4), operation)
}

export function closeDescriptor(fd: number): void {
  check(native.close(fd), `close descriptor ${fd}`)
}

/**
 * Moves a descriptor out of the lowest thousand, which are for those who can count no further: `select(2)`, and with it
 * libnftables, ends the process at the 1,025th. Those of the first half stay where they are: to make room for higher ones
 * takes the kernel a grace period, longer than to build a small network. So do all when the process may have no more.
 */
export function liftDescriptor(fd: number): number {
  if (fd < FD_SETSIZE / 2) return fd
  const lifted = native.fcntl(fd, F_DUPFD_CLOEXEC, FD_SETSIZE)
  if (lifted < 0) return fd
  native.close(fd)
  return lifted
}

export function sendAll(fd: number, bytes: Uint8Array, operation: string): void {
  const sent = check(native.send(fd, bytes, bytes.length, 0), operation)
  if (sent !== bytes.length) {
    throw new SystemCallError(operation, 'EMSGSIZE', `${sent} of ${bytes.length} bytes were sent`)
  }
}

/** Receives one message that is already there; never waits. */
export function receiveNow(fd: number, into: Uint8Array, operation: string): number {
  return check(native.recv(fd, into, into.length, MSG_DONTWAIT), operation)
}

export function bindMount(source: string, target: string): void {
  check(native.mount(source, target, null, MS_BIND, null), `bind ${source} to ${target}`)
}

/** Unmounts at once, even when something below is still open. */
export function unmount(target: string): void {
  check(native.umount2(target, MNT_DETACH), `unmount ${target}`)
}

/** Ends the process with SIGABRT; unlike `process.abort` it works in a worker thread too. */
export function abort(): never {
  native.abort()
  throw new Error('unreachable')
}

const CLONE_NEWNET = 0x40000000
const F_DUPFD_CLOEXEC = 1030
const FD_SETSIZE = 1024
const SOCK_CLOEXEC = 0o2000000
const MSG_DONTWAIT = 0x40
const MS_BIND = 4096
const MNT_DETACH = 2

function check(result: number, operation: string): number {
  if (result < 0) throw new SystemCallError(operation, errnoName(koffi.errno()))
  return result
}

/** What nft answered: `status` 0 is success, otherwise `errors` says why. */
export interface NftAnswer {
  readonly status: number
  readonly output: string
  readonly errors: string
}

let libnftables: ReturnType<typeof loadLibnftables> | undefined

/**
 * Runs nft commands by libnftables in the network namespace of the calling thread.
 * @throws When libnftables.so.1 (Debian package nftables) is not installed.
 */
export function runNft(commands: string, options: { readonly json?: boolean } = {}): NftAnswer {
  libnftables ??= loadLibnftables()
  const context = libnftables.open(0)
  if (context === null) throw new SystemCallError('open an nft context', errnoName(koffi.errno()))
  try {
    libnftables.bufferOutput(context)
    libnftables.bufferErrors(context)
    libnftables.setFlags(context, options.json === true ? NFT_OUTPUT_JSON : NFT_OUTPUT_STATELESS)
    const status: number = libnftables.run(context, commands)
    return {
      status,
      output: libnftables.output(context),
      errors: libnftables.errors(context),
    }
  } finally {
    libnftables.close(context)
  }
}

/** Whether nft commands can be run in this process. */
export function hasLibnftables(): boolean {
  try {
    libnftables ??= loadLibnftables()
    return true
  } catch {
    return false
  }
}

const NFT_OUTPUT_STATELESS = 1 << 2
const NFT_OUTPUT_JSON = 1 << 4

function loadLibnftables() {
  const library = koffi.load('libnftables.so.1')
  return {
    open: library.func('void *nft_ctx_new(uint32_t)'),
    close: library.func('void nft_ctx_free(void *)'),
    run: library.func('int nft_run_cmd_from_buffer(void *, const char *)'),
    bufferOutput: library.func('int nft_ctx_buffer_output(void *)'),
    bufferErrors: library.func('int nft_ctx_buffer_error(void *)'),
    output: library.func('const char *nft_ctx_get_output_buffer(void *)'),
    errors: library.func('const char *nft_ctx_get_error_buffer(void *)'),
    setFlags: library.func('void nft_ctx_output_set_flags(void *, unsigned int)'),
  } as const
}
