import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { makeFolders } from './make-folders.ts'
import type { RunRecord } from './record.ts'

/** Renders a record as `report.json` holds it. */
export function renderRunRecord(record: RunRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`
}

/**
 * Writes a file so that a reader sees the old content or the whole new one, never a part; folders are made as needed.
 * Synchronous, because a report is also written while the process ends.
 */
export function writeWholeFile(path: string, content: string): void {
  makeFolders(dirname(path))
  const temporary = temporaryName(path)
  try {
    writeFileSync(temporary, content)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Makes `<parent>/latest` point to a folder of the same parent, replacing the link in one step. */
export function pointLatestTo(folder: string): void {
  const latest = join(dirname(folder), 'latest')
  const temporary = temporaryName(latest)
  symlinkSync(basename(folder), temporary)
  renameSync(temporary, latest)
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
}
