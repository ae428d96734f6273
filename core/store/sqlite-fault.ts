import { MeshError, messageOf } from '#core/base/errors.ts'
import { StoreUnavailableError, type UnavailabilityCode } from './store.ts'

/** SQLite's primary result codes ("Result and Error Codes" of its manual). */
const busy = 5
const locked = 6
const faults = new Map<number, { readonly code: UnavailabilityCode; readonly remedy: string }>([
  [busy, { code: 'store-busy', remedy: 'another process keeps it locked: try again' }],
  [locked, { code: 'store-busy', remedy: 'another process keeps it locked: try again' }],
  [8, { code: 'store-read-only', remedy: 'let this user write to the file and its folder' }],
  [10, { code: 'store-unreachable', remedy: 'see whether its disk works' }],
  [11, { code: 'store-damaged', remedy: 'restore the file, or name another one' }],
  [13, { code: 'store-full', remedy: 'free some space on its disk' }],
  [14, { code: 'store-unreachable', remedy: 'let this user write to the file and its folder' }],
  [26, { code: 'store-damaged', remedy: 'restore the file, or name another one' }],
])

/** Whether another connection has the lock, with all extended codes of that. */
export function isBusy(fault: unknown): boolean {
  const code = codeOf(fault)
  return code === busy || code === locked
}

/** What a fault of SQLite means to whoever uses the file; everything else stays as it is. */
export function explainFault(fault: unknown, path: string): unknown {
  const code = codeOf(fault)
  if (code === undefined) return fault
  const message = `Cannot use ${path}: ${tellFault(fault)}`
  const unavailable = faults.get(code)
  return unavailable === undefined
    ? new MeshError('store-failed', message, { cause: fault })
    : new StoreUnavailableError(unavailable.code, message, { cause: fault })
}

/** The fault in SQLite's words, and what to do about it where that is known. */
export function tellFault(fault: unknown): string {
  const remedy = faults.get(codeOf(fault) ?? 0)?.remedy
  return remedy === undefined ? messageOf(fault) : `${messageOf(fault)}; ${remedy}`
}

function codeOf(fault: unknown): number | undefined {
  return fault instanceof Error && 'errcode' in fault ? Number(fault.errcode) & 0xff : undefined
}
