import { statSync } from 'node:fs'
import { StoreUnavailableError } from './store.ts'

/**
 * Remembers which file is at `path`, and returns a check that it still is: a process that went on with a file that has
 * been removed or replaced would write what nobody ever reads.
 *
 * @throws StoreUnavailableError `store-unreachable`, from the check.
 */
export function rememberFile(path: string): () => void {
  const opened = identify(path)
  return () => {
    if (opened !== undefined && identify(path) === opened) return
    throw new StoreUnavailableError(
      'store-unreachable',
      `Cannot use ${path}: the file has been removed or replaced since it was opened; put it back, or start again`,
    )
  }
}

function identify(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`
}
