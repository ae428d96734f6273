import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes a folder and those above it, as Node does with `recursive`, which never returns for a folder in /proc. */
export function makeFolders(folder: string): void {
  if (existsSync(folder)) return
  if (!existsSync(dirname(folder))) makeFolders(dirname(folder))
  try {
    mkdirSync(folder)
  } catch (error) {
    // Somebody else may have been quicker.
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    if (!isThere || !existsSync(folder)) throw error
  }
}
