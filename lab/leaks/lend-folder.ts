import { mkdirSync, rmdirSync } from 'node:fs'
import { errorCode } from '#lab/run/fault.ts'

/**
 * A folder that something can be mounted over: others make it as soon as they need it, and it would not be covered then. It
 * is gone again afterwards, unless somebody uses it. One that cannot be made is made by nobody else either.
 */
export function lendFolder(path: string): Disposable {
  tolerating(['EEXIST', 'EACCES', 'EPERM', 'EROFS'], () => {
    mkdirSync(path)
  })
  return {
    [Symbol.dispose]: () => {
      tolerating(['ENOENT', 'ENOTEMPTY', 'EBUSY', 'EACCES', 'EPERM', 'EROFS'], () => {
        rmdirSync(path)
      })
    },
  }
}

function tolerating(codes: readonly string[], change: () => void): void {
  try {
    change()
  } catch (error) {
    if (!codes.includes(errorCode(error) ?? '')) throw error
  }
}
