import koffi from 'koffi'
import { SystemCallError, errnoName } from './native.ts'

/**
 * Becomes another program, to which the kernel answers that its groups are changed, while it leaves them as they are.
 * For programs that cannot do without in a user namespace that forbids it. Needs root in that namespace.
 * @throws SystemCallError when the program cannot be run.
 */
export function executeWithFixedGroups(program: string, args: readonly string[]): never {
  const libc = koffi.load('libc.so.6')
  const prctl = libc.func(
    'int prctl(int, unsigned long, const void *, unsigned long, unsigned long)',
  )
  const fcntl = libc.func('int fcntl(int, int, ...)')
  const execv = libc.func('int execv(const char *, const char **)')
  const filter = answerSetgroups()
  const installed = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0)
  if (installed !== 0) fail('answer for the kernel')
  // Node closes what it inherits when another program takes over, its standard streams included.
  for (const stream of [0, 1, 2]) fcntl(stream, F_SETFD, 'int', 0)
  execv(program, [program, ...args, null])
  return fail(`run ${program}`)
}

const F_SETFD = 2
const PR_SET_SECCOMP = 22
const SECCOMP_MODE_FILTER = 2

/** `struct sock_fprog` with a program (seccomp(2)): setgroups does nothing and succeeds, everything else is as ever. */
function answerSetgroups(): Buffer {
  const setgroups = systemCall[process.arch]
  if (setgroups === undefined) throw new Error(`setgroups has no number on ${process.arch}`)
  const instructions = [
    instruction(LOAD_WORD, 0, 0, 0),
    instruction(JUMP_IF_EQUAL, 0, 1, setgroups),
    instruction(RETURN, 0, 0, SECCOMP_RET_ERRNO),
    instruction(RETURN, 0, 0, SECCOMP_RET_ALLOW),
  ]
  const program = Buffer.concat(instructions)
  const head = Buffer.alloc(16)
  head.writeUInt16LE(instructions.length, 0)
  head.writeBigUInt64LE(koffi.address(program), 8)
  return head
}

/** Of the table that programs of this kind use alone; those of other tables (32 bits) call by other numbers. */
const systemCall: Partial<Record<NodeJS.Architecture, number>> = { x64: 116, arm64: 159 }

const LOAD_WORD = 0x20
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06
const SECCOMP_RET_ERRNO = 0x00050000
const SECCOMP_RET_ALLOW = 0x7fff0000

function instruction(code: number, jumpTrue: number, jumpFalse: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(code, 0)
  bytes.writeUInt8(jumpTrue, 2)
  bytes.writeUInt8(jumpFalse, 3)
  bytes.writeUInt32LE(value, 4)
  return bytes
}

function fail(operation: string): never {
  throw new SystemCallError(operation, errnoName(koffi.errno()))
}
