import { getSystemErrorMessage } from 'node:util'
import { messageOf } from '#core/base/errors.ts'
import { systemErrorOf } from '#core/base/system-error.ts'

/** A failed system call in nginx's words: `connect() failed (111: Connection refused)`. */
export function explainSystemError(error: unknown): string {
  const failed = systemErrorOf(error)
  if (failed === undefined) return messageOf(error)
  const { code, errno, syscall } = failed
  const call = /^[a-z]+$/.test(syscall) ? `${syscall}()` : syscall
  const reason = libcMessages.get(code) ?? capitalised(getSystemErrorMessage(errno))
  return `${call} failed (${-errno}: ${reason})`
}

/** Where libuv's sentence differs from the C library's, which people know from other logs. */
const libcMessages: ReadonlyMap<string, string> = new Map([
  ['EHOSTUNREACH', 'No route to host'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EINVAL', 'Invalid argument'],
])

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
